"""What an operator types: the ``buildmaster`` command. ``main`` has the list of commands."""
