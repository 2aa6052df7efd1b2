"""What others see: files for slaves, and (later) pages and JSON."""
