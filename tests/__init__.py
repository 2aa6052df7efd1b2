"""The tests: one module per module, and a few that run everything."""
