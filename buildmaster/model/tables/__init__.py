"""What lies in the database: a class a table. ``schema/versions`` makes them, and a test holds the two together."""
