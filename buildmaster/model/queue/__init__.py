"""What turns read and write of the queue: missing builds, scores, dependency waits, retries."""
