"""The kinds of values that the conf file has, each with the function that reads it.

A reader takes the text of one value, and raises ValueError with what is wrong in an operator's words.
"""

import math
import re
import shlex
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Annotated
from urllib.parse import urlsplit

from buildmaster.daemon.config.entries import expand, nearest
from buildmaster.farm.vocabulary.archives import Pocket, Urgency

FLAGS = dict.fromkeys(("yes", "true", "on", "1"), True) | dict.fromkeys(("no", "false", "off", "0"), False)
LAST_PORT = 65535
HOST = re.compile(r"([a-z0-9_-]+\.)*(?!\d+$)[a-z0-9_-]+", re.IGNORECASE)


def text(value: str) -> str:
    """Return the value as it stands."""
    return value


def words(value: str) -> tuple[str, ...]:
    """Return the words of the value, split at white space."""
    return tuple(value.split())


def argv(value: str) -> tuple[str, ...]:
    """Return the program and its arguments, quoted as in a shell."""
    try:
        return tuple(shlex.split(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is not quoted as in a shell: {str(error).lower()}") from error


def flag(value: str) -> bool:
    """Return whether the value is yes."""
    if value.lower() not in FLAGS:
        raise ValueError(f"{value!r} is neither yes nor no")
    return FLAGS[value.lower()]


def seconds(value: str) -> float:
    """Return a delay, which may be a fraction but not less than nothing."""
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise ValueError(f"{value!r} is not a number of seconds")
    return number


def limit(value: str) -> float:
    """Return how long something may take, which is more than nothing."""
    if seconds(value) == 0:
        raise ValueError("must be more than 0")
    return float(value)


def amount(value: str) -> int:
    """Return a whole number, nothing or more."""
    if not (value.isascii() and value.isdecimal()):
        raise ValueError(f"{value!r} is not a whole number")
    return int(value)


def count(value: str) -> int:
    """Return a whole number that is at least one."""
    if amount(value) == 0:
        raise ValueError("must be at least 1")
    return int(value)


def port(value: str) -> int:
    """Return a TCP port, or 0 for any."""
    if amount(value) > LAST_PORT:
        raise ValueError(f"{value} is not a port: the last one is {LAST_PORT}")
    return int(value)


def host(value: str) -> str:
    """Return the name or the address of a machine; nothing means all of this machine's addresses."""
    if value and not HOST.fullmatch(value):
        try:
            ip_address(value)
        except ValueError:
            raise ValueError(f"{value!r} is neither an IP address nor a host name") from None
    return value


def url(value: str) -> str:
    """Return an HTTP address with a slash at its end, or nothing."""
    if not value:
        return value
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{value!r} is not an address as http://HOST:PORT/")
    return value if value.endswith("/") else value + "/"


def database_url(value: str) -> str:
    """Return SQLAlchemy's address of a database; PostgreSQL is spoken to through psycopg2."""
    if value.startswith(("postgres://", "postgresql://")):
        return "postgresql+psycopg2://" + value.partition("://")[2]
    if not value.startswith(("sqlite:///", "postgresql+psycopg2://")):
        raise ValueError(f"{value!r} is neither sqlite:///FILE nor postgresql+psycopg2://USER@HOST/NAME")
    return value


def store(value: str) -> str:
    """Return where the librarian keeps its files."""
    if not value.startswith("file:") or value == "file:":
        raise ValueError(f"{value!r} is not file:FOLDER, the only kind of store so far")
    return value


def template(value: str) -> str:
    """Return a command that names a builder's machine as %(vm_host)s."""
    try:
        argv(expand(value, {"vm_host": "host"}))
    except ValueError as error:
        raise ValueError(f"as a command: {error}") from error
    return value


def table(value: str) -> dict[str, int]:
    """Return the numbers of a table written as ``word:number word:number``."""
    pairs = [word.rpartition(":") for word in value.split()]
    wrong = ["".join(pair) for pair in pairs if not pair[0] or not pair[2].lstrip("-").isdecimal()]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is not WORD:NUMBER")
    return {name: int(number) for name, _, number in pairs}


def pockets(value: str) -> dict[str, int]:
    """Return a table of pockets."""
    return _of_words(value, (kind.name.lower() for kind in Pocket))


def urgencies(value: str) -> dict[str, int]:
    """Return a table of urgencies."""
    return _of_words(value, (kind.name.lower() for kind in Urgency))


def ages(value: str) -> dict[str, int]:
    """Return a table of ages in seconds."""
    found = table(value)
    for word in found:
        seconds(word)
    return found


def _of_words(value: str, known: Iterable[str]) -> dict[str, int]:
    found, names = table(value), list(known)
    for word in found:
        if word not in names:
            raise ValueError(f"{word!r} is none of {', '.join(names)}{nearest(word, names)}")
    return found


def tokens(value: str) -> dict[str, str]:
    """Return the tokens of machines, written as ``HOST:TOKEN HOST:TOKEN``."""
    pairs = [word.partition(":") for word in value.split()]
    wrong = [number for number, pair in enumerate(pairs, 1) if not pair[0] or not pair[2]]
    if wrong:
        raise ValueError(f"word {wrong[0]} is not HOST:TOKEN")
    return {host: token for host, _, token in pairs}


def networks(value: str) -> tuple[str, ...]:
    """Return networks, each an address with the length of its prefix."""
    for word in value.split():
        try:
            ip_network(word)
        except ValueError as error:
            raise ValueError(f"{word!r} is no network as 10.1.0.0/16: {error}") from error
    return tuple(value.split())


Text = Annotated[str, text]
Words = Annotated[tuple[str, ...], words]
Argv = Annotated[tuple[str, ...], argv]
Flag = Annotated[bool, flag]
Seconds = Annotated[float, seconds]
Limit = Annotated[float, limit]
Amount = Annotated[int, amount]
Count = Annotated[int, count]
Port = Annotated[int, port]
Host = Annotated[str, host]
Url = Annotated[str, url]
Tokens = Annotated[dict[str, str], tokens]
Networks = Annotated[tuple[str, ...], networks]
Table = Annotated[dict[str, int], table]
Pockets = Annotated[dict[str, int], pockets]
Urgencies = Annotated[dict[str, int], urgencies]
Ages = Annotated[dict[str, int], ages]
DatabaseUrl = Annotated[str, database_url]
Store = Annotated[str, store]
Template = Annotated[str, template]
