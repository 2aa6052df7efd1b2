"""How work is done: in turn, in transactions, off the reactor, and within limits."""
