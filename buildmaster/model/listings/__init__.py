"""What people are shown, by the command and by pages alike."""
