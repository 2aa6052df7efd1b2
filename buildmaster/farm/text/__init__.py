"""Text for people: durations, titles, and what must never be shown."""
