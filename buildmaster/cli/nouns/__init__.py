"""What the command can be asked about: one module a noun, each of which reads and changes the farm and then ends."""
