"""What an operator types: the ``buildmaster`` command, one module a noun."""
