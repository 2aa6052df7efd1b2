"""What is remembered of code imports: reviews, jobs, machines."""
