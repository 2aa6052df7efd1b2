"""Where files lie: the librarian, uploads, and how bytes reach the disk whole."""
