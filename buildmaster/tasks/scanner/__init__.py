"""The slave scanner's turns, and its errands to slaves."""
