"""Rows of builders, builds, attempts and entries with good defaults, for tests of what lists and changes them."""

from datetime import timedelta

from buildmaster.farm.builders.states import CleanStatus
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.tables.builds import Attempt, Build, BuildQueue
from tests.support import rows
from tests.support.rows import NOW

EARLIER = NOW - timedelta(hours=1)


def a_builder(session, name="bob", **columns):
    """Add a builder that is clean, and was seen just now."""
    ready = {"clean_status": CleanStatus.CLEAN, "clean_since": EARLIER, "last_seen": NOW, "date_created": EARLIER}
    return rows.a_builder(session, name=name, title=name, url=f"http://{name}:8221/", **{**ready, **columns})


def a_build(session, release, architecture, archive, **columns):
    row = Build(
        sourcepackagerelease_id=release.id,
        architecture=architecture,
        archive=archive,
        processor=architecture.processor,
        datecreated=EARLIER,
        **{"pocket": 0, "arch_indep": False, **columns},
    )
    session.add(row)
    session.flush()
    return row


def an_entry(session, build, **columns):
    row = BuildQueue(
        build=build,
        processor_id=build.processor_id,
        created=EARLIER,
        **{"is_trusted": build.archive.trusted, **columns},
    )
    session.add(row)
    session.flush()
    return row


def an_attempt(session, build, builder, number=1, state=BuildState.BUILDING, **columns):
    row = Attempt(
        build=build,
        builder=builder,
        number=number,
        cookie=f"{build.id}-{number}",
        state=state,
        **{"started": EARLIER, **columns},
    )
    session.add(row)
    session.flush()
    return row


def a_dispatched_build(session, build, builder, **columns):
    """Let ``builder`` hold ``build``."""
    build.buildstate = BuildState.BUILDING
    builder.clean_status = CleanStatus.DIRTY
    an_attempt(session, build, builder)
    return an_entry(session, build, builder_id=builder.id, buildstart=EARLIER, **columns)
