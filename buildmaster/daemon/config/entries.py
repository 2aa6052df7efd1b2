"""Read an INI file into entries that know where they stand, so that a mistake can be shown."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """One line (with its continuations) of the file: a key's value, or a section's heading, whose key is empty."""

    section: str
    key: str
    value: str
    path: Path
    line: int

    def mistake(self, what: str) -> str:
        """Return the line that tells an operator what is wrong here."""
        return f"{self.path}:{self.line}: {self.key or f'[{self.section}]'}: {what}"


def parse(path: Path, text: str) -> tuple[list[Entry], list[str]]:
    """Return the entries of an INI file in their order, and its mistakes of form."""
    found: list[Entry] = []
    mistakes: list[str] = []
    for line, words in enumerate(text.splitlines(), 1):
        if not words.strip() or words.lstrip()[0] in "#;":
            continue
        if words[0].isspace() and found and found[-1].key:
            found[-1] = replace(found[-1], value=f"{found[-1].value}\n{words.strip()}".strip())
            continue
        entry = _entry(found[-1].section if found else "", words.strip(), path, line)
        fault = _fault(entry, words, found)
        mistakes.extend(fault)
        found.extend([] if fault else [entry])
    return found, mistakes


def _entry(section: str, words: str, path: Path, line: int) -> Entry:
    if words.startswith("[") and words.endswith("]"):
        return Entry(" ".join(words[1:-1].split()), "", "", path, line)
    places = [place for place in map(words.find, "=:") if place > 0]
    at = min(places, default=len(words))
    return Entry(section, words[:at].strip().lower(), words[at + 1 :].strip(), path, line)


def _fault(entry: Entry, words: str, earlier: Iterable[Entry]) -> list[str]:
    if not entry.key:
        return []
    if not any(sign in words for sign in "=:"):
        return [entry.mistake("a line is KEY = VALUE, [SECTION] or # comment")]
    if not entry.section:
        return [entry.mistake("stands before the first [SECTION]")]
    twice = [other for other in earlier if (other.section, other.key) == (entry.section, entry.key)]
    return [entry.mistake(f"stands in line {twice[0].line} already")] if twice else []


def expand(value: str, names: dict[str, str]) -> str:
    """Put values in for each ``%(name)s``, and a percent sign for ``%%``; raise ValueError for any other."""
    done, rest = "", value
    while rest:
        before, sign, rest = rest.partition("%")
        done += before
        if sign:
            word, rest = _expanded(rest, names)
            done += word
    return done


def _expanded(rest: str, names: dict[str, str]) -> tuple[str, str]:
    if rest.startswith("%"):
        return "%", rest[1:]
    name, end, after = rest[1:].partition(")s")
    if not rest.startswith("(") or not end or name not in names:
        known = " or ".join(f"%({name})s" for name in names)
        wrong = f"%{rest[: len(name) + 3]}" if rest.startswith("(") and end else f"%{rest[:1]}"
        only = f", only {known} is" if known else ""
        raise ValueError(f"{wrong!r} is not known here{only}; write %% for a percent sign")
    return names[name], after


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a question whether the most similar known word was meant, or nothing where none is similar."""
    found = get_close_matches(word, list(known), 1, 0.5)
    return f"; did you mean {found[0]!r}?" if found else ""
