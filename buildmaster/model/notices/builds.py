"""Post the notices about a build that has ended, in the transaction that ends it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from buildmaster.farm.notices.builds import BuildNews, NoticePolicy, body, headers, recipients, subject
from buildmaster.farm.text.titles import build_title
from buildmaster.model.tables.builds import Build
from buildmaster.model.tables.files import file_path
from buildmaster.model.tables.outbox import post
from buildmaster.model.tables.people import Account


class Notices(Protocol):
    """Who is told of what happens to builds and builders."""

    def ended(self, session: Session, now: datetime, build_id: int) -> None:
        """Tell that a build has ended."""

    def refused(self, session: Session, now: datetime, build_id: int, why: str) -> None:
        """Tell that the results of a build were refused; ``why`` is the log of that."""

    def warn(self, session: Session, now: datetime, about: str, text: str) -> None:
        """Tell the administrators of something that they should look at."""


class NoNotices:
    """Tells nobody: for commands, whose user is told at once."""

    def ended(self, session: Session, now: datetime, build_id: int) -> None:
        """Tell nobody."""

    def refused(self, session: Session, now: datetime, build_id: int, why: str) -> None:
        """Tell nobody."""

    def warn(self, session: Session, now: datetime, about: str, text: str) -> None:
        """Tell nobody."""


@dataclass(frozen=True)
class BuildNotices:
    """Tells people of builds that failed, and administrators of what they should look at.

    ``public_url`` is the farm's address, with a slash at its end.
    """

    policy: NoticePolicy
    public_url: str

    def _post(self, session: Session, now: datetime, build_id: int, extra: str | None = None) -> None:
        """Post what is to be told about the build as it is now; ``extra`` takes the place of why it failed."""
        news = build_news(session.get_one(Build, build_id, populate_existing=True), session, self.public_url, extra)
        for address in recipients(news, self.policy):
            post(session, now, address, subject(news), body(news), headers(news))

    def ended(self, session: Session, now: datetime, build_id: int) -> None:
        """Tell that a build has ended, if anybody is to be told."""
        self._post(session, now, build_id)

    def refused(self, session: Session, now: datetime, build_id: int, why: str) -> None:
        """Tell that the results of a build were refused; ``why`` is the log of that."""
        self._post(session, now, build_id, why)

    def warn(self, session: Session, now: datetime, about: str, text: str) -> None:
        """Tell the administrators of something that they should look at."""
        for address in self.policy.administrators:
            post(session, now, address, f"[buildmaster] {about}", text, {"X-Buildmaster-Warning": "yes"})


def build_news(build: Build, session: Session, public_url: str, extra: str | None) -> BuildNews:
    """Return what there is to tell of a build."""
    release, architecture = build.release, build.architecture
    tag, series = architecture.architecturetag, architecture.series
    creator = None if release.creator_id is None else session.get(Account, release.creator_id)
    log = build.buildlog
    return BuildNews(
        id=build.id,
        title=build_title(tag, release.name, release.version, (series.distribution.name, series.name), build.pocket),
        state=build.buildstate,
        source=release.name,
        version=release.version,
        architecture=tag,
        archive=build.archive.reference,
        purpose=build.archive.purpose,
        component=release.component,
        builder=build.builder.name if build.builder else None,
        duration=build.buildduration,
        log_url=None if log is None else public_url + file_path(log.id, log.filename),
        failure=extra or build.failure,
        creator=creator.email if creator else None,
        copied=release.upload_archive_id != build.archive_id,
        imported=release.imported,
        owner=build.archive.owner,
    )
