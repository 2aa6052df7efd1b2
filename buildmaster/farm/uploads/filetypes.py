"""Tell the MIME type of a file by its name, from a table of our own: a type must not depend on the machine."""

TYPES = {
    ".deb": "application/vnd.debian.binary-package",
    ".udeb": "application/vnd.debian.binary-package",
    ".ddeb": "application/vnd.debian.binary-package",
    ".dsc": "text/plain",
    ".changes": "text/plain",
    ".buildinfo": "text/plain",
    ".log": "text/plain",
    ".txt": "text/plain",
    ".txt.gz": "text/plain",  # a log, kept compressed and shown as text
    ".asc": "application/pgp-signature",
    ".tar": "application/x-tar",
    ".gz": "application/gzip",
    ".bz2": "application/x-bzip2",
    ".xz": "application/x-xz",
    ".lzma": "application/x-lzma",
    ".zst": "application/zstd",
}
UNKNOWN = "application/octet-stream"


def mimetype(filename: str) -> str:
    """Return the type of the longest ending that the table knows."""
    dots = [position for position, letter in enumerate(filename) if letter == "."]
    return next((TYPES[filename[dot:]] for dot in dots if filename[dot:] in TYPES), UNKNOWN)
