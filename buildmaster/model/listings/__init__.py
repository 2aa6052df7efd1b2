"""What people are shown, by the command and by pages alike: questions only, and plain values for answers."""
