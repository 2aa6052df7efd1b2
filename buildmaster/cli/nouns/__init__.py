"""What the command can be asked about: a module a noun."""
