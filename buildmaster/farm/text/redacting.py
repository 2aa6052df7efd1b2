"""Make a text fit for other eyes: no credentials, no tricks."""

import re

_CREDENTIALS = re.compile(r"(?<=://)[^/\s\"'<>]+@|(?<=:pserver:)[^/\s\"'<>]+@")  # of URLs, and of CVS roots


def without_credentials(text: str) -> str:
    """Return ``text`` with every URL and CVS root in it bare of its user and password."""
    return _CREDENTIALS.sub("", text) if "@" in text else text


def one_line(text: str, longest: int = 255) -> str:
    """Return a stranger's words as one line of printable characters, of bounded length and without credentials."""
    line = without_credentials(" ".join(text[: 4 * longest].split()))[:longest]
    return line if line.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in line)
