"""How work is done off the reactor, in turn, and within limits."""
