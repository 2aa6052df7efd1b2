"""What runs on other machines: it imports nothing of the master."""
