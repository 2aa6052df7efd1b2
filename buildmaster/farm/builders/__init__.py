"""What ought to be done about builders: the facts, the actions, and the rules between them."""
