"""Builders, builds, and the binaries that they make."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make them, each after those that it refers to."""
    _create_builder()
    _index_builder()
    _create_builderprocessor()
    _create_build()
    _index_build()
    _create_attempt()
    _index_attempt()
    _create_buildqueue()
    _index_buildqueue()
    _create_binarypackagerelease()
    _create_binarypublication()
    _index_binarypublication()


BUILDER_COLUMNS = (
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("name", sa.Text(), nullable=False),
    sa.Column("title", sa.Text(), nullable=False),
    sa.Column("url", sa.Text(), nullable=False),
    sa.Column("trusted", sa.Boolean(), nullable=False),
    sa.Column("vm_host", sa.Text(), nullable=True),
    sa.Column("builderok", sa.Boolean(), nullable=False),
    sa.Column("failed_by", sa.Text(), nullable=True),
    sa.Column("failnotes", sa.Text(), nullable=True),
    sa.Column("date_failed", sa.DateTime(timezone=True), nullable=True),
    sa.Column("manual", sa.Boolean(), nullable=False),
    sa.Column("clean_status", sa.Integer(), nullable=False),
    sa.Column("clean_since", sa.DateTime(timezone=True), nullable=True),
    sa.Column("failure_count", sa.Integer(), nullable=False),
    sa.Column("silent_scans", sa.Integer(), nullable=False),
    sa.Column("silent_since", sa.DateTime(timezone=True), nullable=True),
    sa.Column("silence", sa.Text(), nullable=True),
    sa.Column("probe_delay", sa.Double(), nullable=False),
    sa.Column("next_probe", sa.DateTime(timezone=True), nullable=True),
    sa.Column("version", sa.Text(), nullable=True),
    sa.Column("kinds", sa.Text(), nullable=False),
    sa.Column("last_seen", sa.DateTime(timezone=True), nullable=True),
    sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("date_removed", sa.DateTime(timezone=True), nullable=True),
)


def _create_builder() -> None:
    op.create_table(
        "builder",
        *BUILDER_COLUMNS,
        sa.PrimaryKeyConstraint("id", name="pk_builder"),
        sqlite_autoincrement=True,
    )


def _index_builder() -> None:
    _index_some("uq_builder_name", "builder", ["name"], "date_removed IS NULL", unique=True)
    _index_some("uq_builder_url", "builder", ["url"], "date_removed IS NULL", unique=True)


def _create_builderprocessor() -> None:
    op.create_table(
        "builderprocessor",
        sa.Column("builder_id", sa.Integer(), nullable=False),
        sa.Column("processor_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["builder_id"], ["builder.id"], name="fk_builderprocessor_builder_id"),
        sa.ForeignKeyConstraint(["processor_id"], ["processor.id"], name="fk_builderprocessor_processor_id"),
        sa.PrimaryKeyConstraint("builder_id", "processor_id", name="pk_builderprocessor"),
    )


BUILD_COLUMNS = (
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("datecreated", sa.DateTime(timezone=True), nullable=False),
    sa.Column("sourcepackagerelease_id", sa.Integer(), nullable=False),
    sa.Column("distroarchseries_id", sa.Integer(), nullable=False),
    sa.Column("archive_id", sa.Integer(), nullable=False),
    sa.Column("processor_id", sa.Integer(), nullable=False),
    sa.Column("pocket", sa.Integer(), nullable=False),
    sa.Column("arch_indep", sa.Boolean(), nullable=False),
    sa.Column("buildstate", sa.Integer(), nullable=False),
    sa.Column("datebuilt", sa.DateTime(timezone=True), nullable=True),
    sa.Column("buildduration", sa.Double(), nullable=True),
    sa.Column("builder_id", sa.Integer(), nullable=True),
    sa.Column("buildlog_id", sa.Integer(), nullable=True),
    sa.Column("upload_log_id", sa.Integer(), nullable=True),
    sa.Column("dependencies", sa.Text(), nullable=True),
    sa.Column("estimated_build_duration", sa.Double(), nullable=True),
    sa.Column("failure_count", sa.Integer(), nullable=False),
    sa.Column("dependency_retries", sa.Integer(), nullable=False),
    sa.Column("failure", sa.Text(), nullable=True),
    sa.Column("unmet", sa.Text(), nullable=True),
)


def _create_build() -> None:
    op.create_table(
        "build",
        *BUILD_COLUMNS,
        sa.ForeignKeyConstraint(["archive_id"], ["archive.id"], name="fk_build_archive_id"),
        sa.ForeignKeyConstraint(["builder_id"], ["builder.id"], name="fk_build_builder_id"),
        sa.ForeignKeyConstraint(["buildlog_id"], ["storedfile.id"], name="fk_build_buildlog_id"),
        sa.ForeignKeyConstraint(["distroarchseries_id"], ["distroarchseries.id"], name="fk_build_distroarchseries_id"),
        sa.ForeignKeyConstraint(["processor_id"], ["processor.id"], name="fk_build_processor_id"),
        sa.ForeignKeyConstraint(
            ["sourcepackagerelease_id"], ["sourcepackagerelease.id"], name="fk_build_sourcepackagerelease_id"
        ),
        sa.ForeignKeyConstraint(["upload_log_id"], ["storedfile.id"], name="fk_build_upload_log_id"),
        sa.PrimaryKeyConstraint("id", name="pk_build"),
        sa.UniqueConstraint(
            "sourcepackagerelease_id",
            "distroarchseries_id",
            "archive_id",
            name="uq_build_sourcepackagerelease_id_distroarchseries_id_archive_id",
        ),
        sqlite_autoincrement=True,
    )


def _index_build() -> None:
    op.create_index("ix_build_archive_id", "build", ["archive_id", "buildstate"])
    _index_some("ix_build_builder_id", "build", ["builder_id"], "builder_id IS NOT NULL")
    op.create_index("ix_build_buildstate", "build", ["buildstate", "id"])


ATTEMPT_COLUMNS = (
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("build_id", sa.Integer(), nullable=False),
    sa.Column("number", sa.Integer(), nullable=False),
    sa.Column("builder_id", sa.Integer(), nullable=False),
    sa.Column("cookie", sa.Text(), nullable=False),
    sa.Column("state", sa.Integer(), nullable=False),
    sa.Column("started", sa.DateTime(timezone=True), nullable=False),
    sa.Column("accepted", sa.DateTime(timezone=True), nullable=True),
    sa.Column("finished", sa.DateTime(timezone=True), nullable=True),
    sa.Column("buildlog_id", sa.Integer(), nullable=True),
    sa.Column("upload_log_id", sa.Integer(), nullable=True),
    sa.Column("leaf", sa.Text(), nullable=True),
    sa.Column("failure", sa.Text(), nullable=True),
    sa.Column("blamed", sa.Boolean(), nullable=False),
)


def _create_attempt() -> None:
    op.create_table(
        "attempt",
        *ATTEMPT_COLUMNS,
        sa.ForeignKeyConstraint(["build_id"], ["build.id"], name="fk_attempt_build_id"),
        sa.ForeignKeyConstraint(["builder_id"], ["builder.id"], name="fk_attempt_builder_id"),
        sa.ForeignKeyConstraint(["buildlog_id"], ["storedfile.id"], name="fk_attempt_buildlog_id"),
        sa.ForeignKeyConstraint(["upload_log_id"], ["storedfile.id"], name="fk_attempt_upload_log_id"),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
        sa.UniqueConstraint("build_id", "number", name="uq_attempt_build_id_number"),
        sa.UniqueConstraint("cookie", name="uq_attempt_cookie"),
        sqlite_autoincrement=True,
    )


def _index_attempt() -> None:
    _index_some("uq_attempt_live_build", "attempt", ["build_id"], "finished IS NULL", unique=True)
    _index_some("uq_attempt_live_builder", "attempt", ["builder_id"], "finished IS NULL", unique=True)


BUILDQUEUE_COLUMNS = (
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("build_id", sa.Integer(), nullable=False),
    sa.Column("builder_id", sa.Integer(), nullable=True),
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("buildstart", sa.DateTime(timezone=True), nullable=True),
    sa.Column("lastscore", sa.Integer(), nullable=False),
    sa.Column("score_step", sa.Integer(), nullable=True),
    sa.Column("manual", sa.Boolean(), nullable=False),
    sa.Column("is_trusted", sa.Boolean(), nullable=False),
    sa.Column("processor_id", sa.Integer(), nullable=False),
    sa.Column("logtail", sa.Text(), nullable=True),
    sa.Column("tail_changed", sa.DateTime(timezone=True), nullable=True),
    sa.Column("cancel_since", sa.DateTime(timezone=True), nullable=True),
    sa.Column("reason", sa.Text(), nullable=True),
    sa.Column("held_for", sa.Text(), nullable=True),
    sa.Column("shunned_id", sa.Integer(), nullable=True),
)


def _create_buildqueue() -> None:
    op.create_table(
        "buildqueue",
        *BUILDQUEUE_COLUMNS,
        sa.CheckConstraint("(builder_id IS NULL) = (buildstart IS NULL)", name=op.f("ck_buildqueue_held_since")),
        sa.ForeignKeyConstraint(["build_id"], ["build.id"], name="fk_buildqueue_build_id"),
        sa.ForeignKeyConstraint(["builder_id"], ["builder.id"], name="fk_buildqueue_builder_id"),
        sa.ForeignKeyConstraint(["processor_id"], ["processor.id"], name="fk_buildqueue_processor_id"),
        sa.ForeignKeyConstraint(["shunned_id"], ["builder.id"], name="fk_buildqueue_shunned_id"),
        sa.PrimaryKeyConstraint("id", name="pk_buildqueue"),
        sa.UniqueConstraint("build_id", name="uq_buildqueue_build_id"),
        sqlite_autoincrement=True,
    )


def _index_buildqueue() -> None:
    _index_some("uq_buildqueue_builder_id", "buildqueue", ["builder_id"], "builder_id IS NOT NULL", unique=True)
    _index_some("ix_buildqueue_blocked", "buildqueue", ["id"], "builder_id IS NULL AND reason IS NOT NULL")
    _index_some(
        "ix_buildqueue_waiting",
        "buildqueue",
        ["is_trusted", "processor_id", sa.text("lastscore DESC"), "build_id"],
        "builder_id IS NULL AND reason IS NULL",
    )
    _index_some(
        "ix_buildqueue_sourceless",
        "buildqueue",
        [sa.text("lastscore DESC"), "build_id"],
        "builder_id IS NULL AND substr(reason, 1, 40) = 'its source files are still to be fetched'",
    )
    _index_some("ix_buildqueue_ageing", "buildqueue", ["score_step", "created"], "NOT manual")


def _create_binarypackagerelease() -> None:
    op.create_table(
        "binarypackagerelease",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("build_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("architecture", sa.Text(), nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("provides", sa.Text(), nullable=False),
        sa.Column("control", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["build_id"], ["build.id"], name="fk_binarypackagerelease_build_id"),
        sa.ForeignKeyConstraint(["file_id"], ["storedfile.id"], name="fk_binarypackagerelease_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_binarypackagerelease"),
        sa.UniqueConstraint(
            "build_id", "name", "kind", "architecture", name="uq_binarypackagerelease_build_id_name_kind_architecture"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_binarypackagerelease_name", "binarypackagerelease", ["name"])
    op.create_index("ix_binarypackagerelease_file_id", "binarypackagerelease", ["file_id"])


def _create_binarypublication() -> None:
    op.create_table(
        "binarypublication",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("archive_id", sa.Integer(), nullable=False),
        sa.Column("distroarchseries_id", sa.Integer(), nullable=False),
        sa.Column("pocket", sa.Integer(), nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_published", sa.DateTime(timezone=True), nullable=True),
        sa.Column("date_superseded", sa.DateTime(timezone=True), nullable=True),
        sa.Column("date_removed", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["archive_id"], ["archive.id"], name="fk_binarypublication_archive_id"),
        sa.ForeignKeyConstraint(
            ["distroarchseries_id"], ["distroarchseries.id"], name="fk_binarypublication_distroarchseries_id"
        ),
        sa.ForeignKeyConstraint(["release_id"], ["binarypackagerelease.id"], name="fk_binarypublication_release_id"),
        sa.PrimaryKeyConstraint("id", name="pk_binarypublication"),
        sqlite_autoincrement=True,
    )


def _index_binarypublication() -> None:
    op.create_index("ix_binarypublication_place", "binarypublication", ["archive_id", "distroarchseries_id", "status"])
    op.create_index("ix_binarypublication_release_id", "binarypublication", ["release_id"])
    _index_some("ix_binarypublication_pending", "binarypublication", ["id"], "status = 1")


def _index_some(name: str, table: str, columns: list[str | sa.TextClause], where: str, *, unique: bool = False) -> None:
    """Index those rows for which the condition holds, on either database."""
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
