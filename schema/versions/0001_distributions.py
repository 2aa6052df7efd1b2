"""Distributions, and archives with their files."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them, each after those that it refers to."""
    _create_distribution()
    _create_processor()
    _create_archive()
    _create_distroseries()
    _create_archivedependency()
    _create_distroarchseries()
    _create_freeze()
    _create_storedfile()
    _create_pocketchroot()


def _create_distribution() -> None:
    op.create_table(
        "distribution",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_distribution"),
        sa.UniqueConstraint("name", name="uq_distribution_name"),
        sqlite_autoincrement=True,
    )


def _create_processor() -> None:
    op.create_table(
        "processor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_processor"),
        sa.UniqueConstraint("name", name="uq_processor_name"),
        sqlite_autoincrement=True,
    )


ARCHIVE_COLUMNS = (
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("reference", sa.Text(), nullable=False),
    sa.Column("distribution_id", sa.Integer(), nullable=False),
    sa.Column("owner", sa.Text(), nullable=True),
    sa.Column("name", sa.Text(), nullable=False),
    sa.Column("purpose", sa.Integer(), nullable=False),
    sa.Column("private", sa.Boolean(), nullable=False),
    sa.Column("buildd_secret", sa.Text(), nullable=True),
    sa.Column("trusted", sa.Boolean(), nullable=False),
    sa.Column("enabled", sa.Boolean(), nullable=False),
    sa.Column("score", sa.Integer(), nullable=False),
    sa.Column("url", sa.Text(), nullable=True),
    sa.Column("components", sa.Text(), nullable=True),
    sa.Column("key", sa.Text(), nullable=True),
    sa.Column("build_limit", sa.Double(), nullable=True),
    sa.Column("silence_limit", sa.Double(), nullable=True),
    sa.Column("empty_log_limit", sa.Double(), nullable=True),
    sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
)


def _create_archive() -> None:
    op.create_table(
        "archive",
        *ARCHIVE_COLUMNS,
        sa.CheckConstraint("NOT private OR buildd_secret IS NOT NULL", name=op.f("ck_archive_private_has_secret")),
        sa.ForeignKeyConstraint(["distribution_id"], ["distribution.id"], name="fk_archive_distribution_id"),
        sa.PrimaryKeyConstraint("id", name="pk_archive"),
        sa.UniqueConstraint("reference", name="uq_archive_reference"),
        sqlite_autoincrement=True,
    )


def _create_distroseries() -> None:
    op.create_table(
        "distroseries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("distribution_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("nominatedarchindep", sa.Text(), nullable=True),
        sa.Column("arch_specific", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["distribution_id"], ["distribution.id"], name="fk_distroseries_distribution_id"),
        sa.PrimaryKeyConstraint("id", name="pk_distroseries"),
        sa.UniqueConstraint("distribution_id", "name", name="uq_distroseries_distribution_id_name"),
        sqlite_autoincrement=True,
    )


def _create_archivedependency() -> None:
    op.create_table(
        "archivedependency",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("archive_id", sa.Integer(), nullable=False),
        sa.Column("dependency_id", sa.Integer(), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("archive_id <> dependency_id", name=op.f("ck_archivedependency_not_itself")),
        sa.ForeignKeyConstraint(["archive_id"], ["archive.id"], name="fk_archivedependency_archive_id"),
        sa.ForeignKeyConstraint(["dependency_id"], ["archive.id"], name="fk_archivedependency_dependency_id"),
        sa.PrimaryKeyConstraint("id", name="pk_archivedependency"),
        sa.UniqueConstraint("archive_id", "dependency_id", name="uq_archivedependency_archive_id_dependency_id"),
        sqlite_autoincrement=True,
    )


def _create_distroarchseries() -> None:
    op.create_table(
        "distroarchseries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("processor_id", sa.Integer(), nullable=False),
        sa.Column("architecturetag", sa.Text(), nullable=False),
        sa.Column("supports_untrusted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["processor_id"], ["processor.id"], name="fk_distroarchseries_processor_id"),
        sa.ForeignKeyConstraint(["series_id"], ["distroseries.id"], name="fk_distroarchseries_series_id"),
        sa.PrimaryKeyConstraint("id", name="pk_distroarchseries"),
        sa.UniqueConstraint("series_id", "architecturetag", name="uq_distroarchseries_series_id_architecturetag"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_distroarchseries_processor_id", "distroarchseries", ["processor_id"])


def _create_freeze() -> None:
    op.create_table(
        "freeze",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("archive_id", sa.Integer(), nullable=True),
        sa.Column("processor_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["archive_id"], ["archive.id"], name="fk_freeze_archive_id"),
        sa.ForeignKeyConstraint(["processor_id"], ["processor.id"], name="fk_freeze_processor_id"),
        sa.PrimaryKeyConstraint("id", name="pk_freeze"),
        sqlite_autoincrement=True,
    )


def _create_storedfile() -> None:
    op.create_table(
        "storedfile",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("mimetype", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("sha1", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archive_id", sa.Integer(), nullable=True),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["archive_id"], ["archive.id"], name="fk_storedfile_archive_id"),
        sa.PrimaryKeyConstraint("id", name="pk_storedfile"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_storedfile_sha1", "storedfile", ["sha1"])
    op.create_index("ix_storedfile_sha256", "storedfile", ["sha256"])
    op.create_index("ix_storedfile_filename", "storedfile", ["filename"])


def _create_pocketchroot() -> None:
    op.create_table(
        "pocketchroot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("distroarchseries_id", sa.Integer(), nullable=False),
        sa.Column("pocket", sa.Integer(), nullable=False),
        sa.Column("chroot_id", sa.Integer(), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["chroot_id"], ["storedfile.id"], name="fk_pocketchroot_chroot_id"),
        sa.ForeignKeyConstraint(
            ["distroarchseries_id"], ["distroarchseries.id"], name="fk_pocketchroot_distroarchseries_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_pocketchroot"),
        sa.UniqueConstraint("distroarchseries_id", "pocket", name="uq_pocketchroot_distroarchseries_id_pocket"),
        sqlite_autoincrement=True,
    )
