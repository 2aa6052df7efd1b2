"""What lies in the database: a class a table."""
