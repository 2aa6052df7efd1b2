"""Take out of a text what only its writer was to know."""

import re

_CREDENTIALS = re.compile(r"(?<=://)[^/\s\"'<>]+@")


def without_credentials(text: str) -> str:
    """Return ``text`` with every URL in it bare of its user and password."""
    return _CREDENTIALS.sub("", text) if "@" in text else text
