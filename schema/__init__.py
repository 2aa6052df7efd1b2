"""Alembic: the one truth about the tables, on SQLite and on PostgreSQL alike."""
