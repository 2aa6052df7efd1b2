"""What is remembered of code imports: reviews, jobs, machines; who shares a job out, and who takes it back."""
