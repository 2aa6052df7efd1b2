"""The conf file: its lines, its values, and every mistake at once."""
