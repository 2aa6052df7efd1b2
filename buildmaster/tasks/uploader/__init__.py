"""The uploader's turns: what lies in ``incoming/`` is checked, recorded and settled."""
