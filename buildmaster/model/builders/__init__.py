"""What turns read and write of builders and of their attempts."""
