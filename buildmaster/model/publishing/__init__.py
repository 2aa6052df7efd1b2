"""What becomes of publications."""
