"""Register builders, change how they are used, and take them away."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from buildmaster.errors import BuildmasterError
from buildmaster.farm.builders.states import CleanStatus, FailedBy
from buildmaster.farm.vocabulary.references import check_name
from buildmaster.model.register.distributions import AlreadyThereError
from buildmaster.model.tables.builders import Builder, find_builder
from buildmaster.model.tables.builds import Build, BuildQueue
from buildmaster.model.tables.distribution import find_processor

PLACE = ("url", "trusted", "vm_host")  # where a builder's slave is, and what it may be given


class BuilderSettingError(BuildmasterError):
    """A builder can't be set that way."""


@dataclass(frozen=True)
class BuilderChange:
    """What is to be set of a builder; None leaves it as it is. An empty ``vm_host`` takes it away."""

    url: str | None = None
    processors: tuple[str, ...] | None = None
    trusted: bool | None = None
    vm_host: str | None = None
    manual: bool | None = None
    title: str | None = None


def check_builder_url(url: str) -> str:
    """Return ``url`` if a slave can be asked there: http, a host, perhaps a port, and no more."""
    parts = urlsplit(url)
    bare = parts.path in {"", "/"} and not parts.query and not parts.fragment and "@" not in parts.netloc
    if parts.scheme == "http" and parts.hostname and bare and _port_fits(url) and url.isprintable():
        return url
    raise BuilderSettingError(f"{url!r} is not where a slave can be: write it as http://HOST or http://HOST:PORT/")


def add_builder(session: Session, name: str, change: BuilderChange, now: datetime) -> None:
    """Register the builder ``name``. It is cleaned, and so probed, before it gets work.

    The name of one that was removed may be used again, for another builder with another id.
    """
    check_name("builder", name)
    if session.scalar(select(Builder.id).where(Builder.name == name, Builder.date_removed.is_(None))) is not None:
        raise AlreadyThereError(f"the builder {name} is there already: `buildmaster builder set {name}` changes it")
    builder = Builder(name=name, title=name, trusted=True, manual=False, date_created=now)
    _apply(session, builder, change)
    _dirty(builder, now)
    session.add(builder)


def set_builder(session: Session, name: str, change: BuilderChange, now: datetime) -> None:
    """Change the builder ``name``. Where its slave is and what it is trusted with stay while it holds a build.

    One of whom something else is believed now, what it builds for included, is probed again before it gets work: at
    once, also if a probe failed it.
    """
    builder = find_builder(session, name)
    place, processors = _place(builder), list(builder.processors)
    with session.no_autoflush:
        _apply(session, builder, change)
    if place != _place(builder):
        _check_free(session, builder, "changed so")
    if place != _place(builder) or processors != list(builder.processors):
        _dirty(builder, now)
        if builder.failed_by is FailedBy.PROBE:
            _forget_failures(builder)


def _place(builder: Builder) -> tuple[object, ...]:
    return tuple(getattr(builder, column) for column in PLACE)


def restore_builder(session: Session, name: str, now: datetime) -> None:
    """Use the builder ``name`` again, whoever failed it: it is cleaned, and all its failures forgotten."""
    builder = find_builder(session, name)
    _forget_failures(builder)
    _dirty(builder, now)


def fail_builder(session: Session, name: str, reason: str, now: datetime) -> None:
    """Give the builder ``name`` no more work until somebody restores it; nothing else will."""
    builder = find_builder(session, name)
    builder.builderok = False
    builder.failed_by, builder.failnotes, builder.date_failed = FailedBy.OPERATOR, reason, now
    builder.next_probe = None


def set_manual(session: Session, name: str, manual: bool) -> None:
    """Have the builder ``name`` get no new work by itself, or get it again."""
    find_builder(session, name).manual = manual


def clean_builder(session: Session, name: str, now: datetime) -> None:
    """Have the builder ``name`` cleaned before it gets work again."""
    builder = find_builder(session, name)
    _check_free(session, builder, "cleaned")
    _dirty(builder, now)


def remove_builder(session: Session, name: str, now: datetime) -> None:
    """Forget the builder ``name``, but for the history of its builds."""
    builder = find_builder(session, name)
    _check_free(session, builder, "removed")
    builder.date_removed = now


def _apply(session: Session, builder: Builder, change: BuilderChange) -> None:
    if change.url is not None:
        builder.url = _free_url(session, builder, check_builder_url(change.url))
    if change.processors is not None:
        builder.processors = [find_processor(session, word) for word in sorted(set(change.processors))]
    for column in ("trusted", "manual", "title"):
        if (value := getattr(change, column)) is not None:
            setattr(builder, column, value)
    if change.vm_host is not None or change.trusted:
        builder.vm_host = change.vm_host or None
    if builder.trusted and builder.vm_host:
        raise BuilderSettingError("a trusted builder has no --vm-host: only untrusted ones are reset before each build")


def _free_url(session: Session, builder: Builder, url: str) -> str:
    same = Builder.url.in_([url.rstrip("/"), url.rstrip("/") + "/"])
    others = select(Builder.name).where(same, Builder.date_removed.is_(None), Builder.name != builder.name)
    other = session.scalar(others)
    if other is not None:
        raise BuilderSettingError(f"{url} is the builder {other}'s already: a slave has one builder")
    return url


def _check_free(session: Session, builder: Builder, done: str) -> None:
    held = session.scalar(select(Build.id).join(BuildQueue).where(BuildQueue.builder_id == builder.id))
    if held is not None:
        raise BuilderSettingError(
            f"{builder.name} can't be {done} while it holds build {held}: wait for its end after `buildmaster "
            f"builder manual {builder.name}`, or `buildmaster builder fail {builder.name}` gives the build to another",
        )


def _forget_failures(builder: Builder) -> None:
    builder.builderok = True
    builder.failed_by = builder.failnotes = builder.date_failed = builder.next_probe = None
    builder.failure_count = builder.silent_scans = 0
    builder.probe_delay = 0.0


def _dirty(builder: Builder, now: datetime) -> None:
    builder.clean_status, builder.clean_since = CleanStatus.DIRTY, now


def _port_fits(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False
