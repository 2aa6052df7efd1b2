"""Which names of files are accepted from outside."""

import re

LONGEST = 255  # bytes
# The alphabet of Debian's source names, versions and architectures (Debian Policy 5.6.1, 5.6.12), and the underscores
# that join them.
ALPHABET = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~:_-]*")


def is_safe(name: str) -> bool:
    """Tell whether ``name`` is one component of a path, of Debian's alphabet for file names, and not too long."""
    return len(name) <= LONGEST and ALPHABET.fullmatch(name) is not None
