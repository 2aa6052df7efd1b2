"""What is remembered of archives elsewhere."""
