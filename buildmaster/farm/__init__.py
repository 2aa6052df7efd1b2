"""What ought to happen: values, and pure functions of them.

Nothing here waits, asks, or looks at a clock: facts and the time come in, decisions go out. ``tests/farm`` has a table
of examples for each rule, and the properties that hold for all input.
"""
