"""What is checked, and what is let go."""
