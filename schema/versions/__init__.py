"""The revisions, each a step from one schema to the next. A released one is never edited."""
