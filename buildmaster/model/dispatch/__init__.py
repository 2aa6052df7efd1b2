"""What turns read and write to give builds to builders."""
