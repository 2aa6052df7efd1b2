"""What turns read and write to give builds to builders: claims, what blocks an entry, what a slave must be told."""
