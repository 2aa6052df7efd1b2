"""What is known of the apt mirrors outside that archives stand for."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from buildmaster.farm.vocabulary.archives import Pocket
from buildmaster.model.tables.files import StoredFile
from buildmaster.model.tables.mapping import AUTOINCREMENT, Base, Id, Number


class MirrorIndex(Base):
    """One Packages index of a mirror, as it was last fetched.

    ``sha256`` is of the index as it is published. ``offers`` is the names and versions in it, and ``packages`` the
    whole of it. A mirror has the suites that it has an index of.
    """

    __tablename__ = "mirrorindex"
    __table_args__ = (
        UniqueConstraint("archive_id", "series_id", "pocket", "component", "tag"),
        AUTOINCREMENT,
    )

    id: Mapped[Id]
    archive_id: Mapped[int] = mapped_column(ForeignKey("archive.id"))
    series_id: Mapped[int] = mapped_column(ForeignKey("distroseries.id"))
    pocket: Mapped[Pocket] = mapped_column(Number(Pocket))
    component: Mapped[str]
    tag: Mapped[str]
    sha256: Mapped[str]
    offers_id: Mapped[int] = mapped_column(ForeignKey("storedfile.id"))
    packages_id: Mapped[int] = mapped_column(ForeignKey("storedfile.id"))
    date_fetched: Mapped[datetime]
    offers: Mapped[StoredFile] = relationship(foreign_keys=[offers_id])
    packages: Mapped[StoredFile] = relationship(foreign_keys=[packages_id])
