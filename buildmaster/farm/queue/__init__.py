"""Which builds are missing, how urgent each is, who gets it, and why it waits."""
