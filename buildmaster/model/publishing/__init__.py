"""What becomes of publications: pending, published, superseded."""
