"""What ought to happen to code imports, their jobs and their machines."""
