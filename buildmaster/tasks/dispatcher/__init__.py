"""The dispatcher's turns, and its errands: builds go to builders."""
