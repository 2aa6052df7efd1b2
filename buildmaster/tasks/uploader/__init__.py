"""The uploader's turns: what lies in ``incoming/`` is taken in."""
