"""What is published, and what that replaces."""
