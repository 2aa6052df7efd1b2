"""Where files lie: the librarian, uploads, and how bytes reach the disk whole.

All that reads or writes here blocks: make the calls in a thread.
"""
