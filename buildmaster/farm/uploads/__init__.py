"""Whether what people and slaves hand in is accepted."""
