"""What runs on other machines: build slaves and import workers. It imports nothing of the master."""
