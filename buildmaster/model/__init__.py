"""What is remembered: tables, and questions that return facts."""
