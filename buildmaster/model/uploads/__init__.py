"""What is recorded of sources and of results."""
