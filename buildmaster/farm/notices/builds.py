"""Who is told of a build that failed, and in which words."""

from collections.abc import Mapping
from dataclasses import dataclass

from buildmaster.farm.text.durations import approximately
from buildmaster.farm.vocabulary.archives import Purpose
from buildmaster.farm.vocabulary.states import BuildState

TOLD = frozenset({BuildState.FAILEDTOBUILD, BuildState.CHROOTWAIT, BuildState.FAILEDTOUPLOAD})
NOTHING = "not available"


@dataclass(frozen=True)
class BuildNews:
    """What a notice about a build tells. ``creator`` is the address of the account that uploaded the source, if any."""

    id: int
    title: str
    state: BuildState
    source: str
    version: str
    architecture: str
    archive: str
    purpose: Purpose
    component: str
    builder: str | None = None
    duration: float | None = None
    log_url: str | None = None
    failure: str | None = None
    creator: str | None = None
    copied: bool = False
    imported: bool = False
    owner: str | None = None


@dataclass(frozen=True)
class NoticePolicy:
    """Who is told: nobody at all, administrators, and (``notify_owner``) the uploader of the source."""

    enabled: bool = True
    notify_owner: bool = True
    administrators: tuple[str, ...] = ()


def recipients(news: BuildNews, policy: NoticePolicy) -> tuple[str, ...]:
    """Return the addresses that a failed build is told to: accounts and administrators, never mere names."""
    if not policy.enabled or news.state not in TOLD or news.imported:
        return ()
    uploader = [news.creator] if policy.notify_owner and news.creator and not news.copied else []
    administrators = [] if news.purpose is Purpose.PPA else list(policy.administrators)
    return tuple(dict.fromkeys([*uploader, *administrators]))


def subject(news: BuildNews) -> str:
    """Return the subject."""
    ppa = f" ({news.owner} PPA)" if news.purpose is Purpose.PPA else ""
    return f"[Build #{news.id}] {news.title}{ppa}"


def headers(news: BuildNews) -> Mapping[str, str]:
    """Return the headers that mail is sorted by."""
    ours = {"State": news.state.name, "Component": news.component, "Arch": news.architecture}
    named = {f"X-Buildmaster-Build-{name}": value for name, value in ours.items()}
    creator = {} if news.creator is None else {"X-Creator-Recipient": news.creator}
    return named | creator | ({"X-Buildmaster-PPA": news.owner or ""} if news.purpose is Purpose.PPA else {})


def body(news: BuildNews) -> str:
    """Return the text: what failed, where its log is, why, and what can be done."""
    duration = NOTHING if news.duration is None else approximately(news.duration)
    facts = {
        "Source Package": news.source,
        "Version": news.version,
        "Architecture": news.architecture,
        "Archive": news.archive,
        "Component": news.component,
        "State": news.state.title,
        "Duration": duration,
        "Build Log": news.log_url or NOTHING,
        "Builder": news.builder or NOTHING,
    }
    lines = [f" * {name}: {value}" for name, value in facts.items()]
    why = (
        ["", "Upload log:" if news.state is BuildState.FAILEDTOUPLOAD else "Why:", news.failure] if news.failure else []
    )
    retry = f"When the cause is mended, it is tried again by: buildmaster build retry {news.id}"
    return "\n".join(["", *lines, *why, "", retry, "", "--", news.title, ""])
