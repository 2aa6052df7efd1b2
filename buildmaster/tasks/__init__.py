"""What gets a turn of the sequencer: gather, decide, carry out.

A task has a ``name`` and ``run()``. Tasks don't import one another: they meet in the database, and nudge by name.
"""
