"""Read and write the references that people and scripts use for suites, series, architectures and archives."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches

from buildmaster.errors import BuildmasterError
from buildmaster.farm.vocabulary.archives import Pocket, Purpose

NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*")
SUFFIXES = {pocket.suffix: pocket for pocket in Pocket if pocket.suffix}
OWN_NAMES = {"primary": Purpose.PRIMARY, "partner": Purpose.PARTNER}
SHOWN = 8  # known names that an error lists


class BadReferenceError(BuildmasterError):
    """A reference has not the form of what it should refer to."""


class UnknownNameError(BuildmasterError):
    """Nothing has the name that was given."""


@dataclass(frozen=True)
class SuiteReference:
    """A series and a pocket, such as ``hoary-security``."""

    series: str
    pocket: Pocket

    def __str__(self) -> str:
        return self.series + self.pocket.suffix


@dataclass(frozen=True)
class SeriesReference:
    """A series of a distribution, such as ``ubuntu/hoary``."""

    distribution: str
    series: str

    def __str__(self) -> str:
        return f"{self.distribution}/{self.series}"


@dataclass(frozen=True)
class ArchitectureReference:
    """An architecture of a series, such as ``ubuntu/hoary/i386``."""

    distribution: str
    series: str
    tag: str

    def __str__(self) -> str:
        return f"{self.distribution}/{self.series}/{self.tag}"

    @property
    def of_series(self) -> SeriesReference:
        """The series that the architecture is of."""
        return SeriesReference(self.distribution, self.series)


@dataclass(frozen=True)
class ArchiveReference:
    """An archive: ``ubuntu``, ``ubuntu/partner``, or somebody's own, ``~cprov/ubuntu/ppa``."""

    distribution: str
    name: str
    owner: str | None = None

    def __str__(self) -> str:
        if self.owner is not None:
            return f"~{self.owner}/{self.distribution}/{self.name}"
        return self.distribution if self.name == "primary" else f"{self.distribution}/{self.name}"

    @property
    def purpose(self) -> Purpose:
        """What an archive of this form is for."""
        return Purpose.PPA if self.owner is not None else OWN_NAMES.get(self.name, Purpose.REBUILD)

    @property
    def trusted(self) -> bool:
        """Whether an archive of this form goes to trusted builders, where nobody decides otherwise."""
        return self.purpose is not Purpose.PPA


def check_name(kind: str, word: str) -> str:
    """Return ``word`` if it can be the name of a ``kind``; raise BadReferenceError otherwise."""
    if NAME.fullmatch(word):
        return word
    raise BadReferenceError(
        f"{word!r} can't be the name of a {kind}: use small letters, digits, and + . - after the first character",
    )


def check_series_name(word: str) -> str:
    """Return ``word`` if it can be the name of a series: one that ends like a pocket would be read as a suite."""
    if parse_suite(word).pocket is not Pocket.RELEASE:
        raise BadReferenceError(f"{word!r} can't be the name of a series: it ends like a pocket's suite")
    return word


def parse_suite(text: str) -> SuiteReference:
    """Return the suite that ``text`` names."""
    for suffix, pocket in SUFFIXES.items():
        if text.endswith(suffix):
            return SuiteReference(check_name("suite", text.removesuffix(suffix)), pocket)
    return SuiteReference(check_name("suite", text), Pocket.RELEASE)


def parse_series(text: str) -> SeriesReference:
    """Return the series that ``text``, as ``ubuntu/hoary``, names."""
    return SeriesReference(*_parts(text, "series", "ubuntu/hoary"))


def parse_architecture(text: str) -> ArchitectureReference:
    """Return the architecture that ``text``, as ``ubuntu/hoary/i386``, names."""
    return ArchitectureReference(*_parts(text, "architecture", "ubuntu/hoary/i386"))


def parse_archive(text: str) -> ArchiveReference:
    """Return the archive that ``text`` names."""
    if text.startswith("~"):
        owner, distribution, name = _parts(text[1:], "archive", "cprov/ubuntu/ppa", before="~")
        return ArchiveReference(distribution, name, owner)
    distribution, slash, name = text.partition("/")
    if "/" in name:
        raise _misshapen(text, "archive", "ubuntu, ubuntu/partner or ~cprov/ubuntu/ppa")
    return ArchiveReference(check_name("archive", distribution), check_name("archive", name if slash else "primary"))


def unknown(kind: str, word: str, known: Collection[str], cure: str, inside: object = "") -> UnknownNameError:
    """Return the error for a ``word`` that no ``kind`` is named, with the nearest one that is, and the ``cure``.

    ``inside`` is where there is none: a distribution, a series.
    """
    place = f" in {inside}" if inside else ""
    return UnknownNameError(f"there is no {kind} {word}{place}{_hint(word, sorted(known))}; {cure}")


def _hint(word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, 1)
    if near:
        return f" (did you mean {near[0]}?)"
    more = ", ..." if len(known) > SHOWN else ""
    return f" (known: {', '.join(known[:SHOWN])}{more})" if known else ""


def _parts(text: str, kind: str, example: str, before: str = "") -> list[str]:
    words = text.split("/")
    if len(words) != len(example.split("/")):
        raise _misshapen(before + text, kind, before + example)
    return [check_name(kind, word) for word in words]


def _misshapen(text: str, kind: str, example: str) -> BadReferenceError:
    return BadReferenceError(f"{text!r} names no {kind}: write it like {example}")
