"""What is checked (by the doctor), and what is let go (by housekeeping)."""
