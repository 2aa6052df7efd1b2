"""The code import scheduler for machines, over XML-RPC, and its listings."""
