"""What slaves answer, as values: an answer that is of the protocol, or a silence."""

from dataclasses import dataclass

from buildmaster.farm.builders.states import BuilderStatus, SlaveVerdict


@dataclass(frozen=True)
class Silence:
    """A slave that said nothing that is of the protocol: a timeout, a refusal, garbage.

    ``refused`` is true when the machine answered that nobody listens there.
    """

    reason: str
    refused: bool = False


@dataclass(frozen=True)
class SlaveStatus:
    """A slave's answer to ``status()``, of either form.

    ``logtail`` is None where the answer has none, which is not an empty log. ``filemap`` maps file names to SHA-1s.
    ``words`` keeps what the slave said where it was not one of the known words.
    """

    status: BuilderStatus
    verdict: SlaveVerdict | None = None
    cookie: str | None = None
    logtail: str | None = None
    filemap: tuple[tuple[str, str], ...] = ()
    dependencies: str = ""
    version: str | None = None
    words: str = ""


Word = SlaveStatus | Silence


@dataclass(frozen=True)
class SlaveInfo:
    """A slave's answer to ``info()``: its protocol's version, the tag of its architecture, and what it can build."""

    version: str
    tag: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Present:
    """A slave's answer to ``ensurepresent()``: whether it has the file, and in its words how or why not."""

    present: bool
    detail: str


@dataclass(frozen=True)
class BuildReply:
    """A slave's answer to ``build()``: a status word of the protocol, and the cookie or what is missing."""

    status: str
    detail: str
