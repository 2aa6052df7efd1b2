"""People, and the sources that they upload."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make them, each after those that it refers to."""
    _create_account()
    _create_audit()
    _create_outboxmessage()
    _create_token()
    _create_accountrole()
    _create_sourcepackagerelease()
    _index_sourcepackagerelease()
    _create_sourcepackagereleasefile()
    _create_sourcepublication()
    _index_sourcepublication()


def _create_account() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_removed", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("email", name="uq_account_email"),
        sqlite_autoincrement=True,
    )


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_date", "audit", ["date"])


def _create_outboxmessage() -> None:
    op.create_table(
        "outboxmessage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("date_sent", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outboxmessage"),
        sqlite_autoincrement=True,
    )
    _index_some("ix_outboxmessage_unsent", "outboxmessage", ["next_try"], "date_sent IS NULL")


def _create_token() -> None:
    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_token_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_token"),
        sa.UniqueConstraint("sha256", name="uq_token_sha256"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_token_account_id", "token", ["account_id"])


def _create_accountrole() -> None:
    op.create_table(
        "accountrole",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("archive_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_accountrole_account_id"),
        sa.ForeignKeyConstraint(["archive_id"], ["archive.id"], name="fk_accountrole_archive_id"),
        sa.PrimaryKeyConstraint("id", name="pk_accountrole"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_accountrole_account_id", "accountrole", ["account_id"])


SOURCEPACKAGERELEASE_COLUMNS = (
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("name", sa.Text(), nullable=False),
    sa.Column("version", sa.Text(), nullable=False),
    sa.Column("component", sa.Text(), nullable=False),
    sa.Column("section", sa.Text(), nullable=False),
    sa.Column("urgency", sa.Integer(), nullable=False),
    sa.Column("architecturehintlist", sa.Text(), nullable=False),
    sa.Column("builddepends", sa.Text(), nullable=False),
    sa.Column("builddependsindep", sa.Text(), nullable=False),
    sa.Column("binaries", sa.Text(), nullable=False),
    sa.Column("maintainer", sa.Text(), nullable=False),
    sa.Column("changed_by", sa.Text(), nullable=False),
    sa.Column("creator_id", sa.Integer(), nullable=True),
    sa.Column("upload_archive_id", sa.Integer(), nullable=False),
    sa.Column("upload_series_id", sa.Integer(), nullable=False),
    sa.Column("imported", sa.Boolean(), nullable=False),
    sa.Column("dsc_url", sa.Text(), nullable=True),
    sa.Column("date_uploaded", sa.DateTime(timezone=True), nullable=False),
)


def _create_sourcepackagerelease() -> None:
    op.create_table(
        "sourcepackagerelease",
        *SOURCEPACKAGERELEASE_COLUMNS,
        sa.ForeignKeyConstraint(["creator_id"], ["account.id"], name="fk_sourcepackagerelease_creator_id"),
        sa.ForeignKeyConstraint(
            ["upload_archive_id"], ["archive.id"], name="fk_sourcepackagerelease_upload_archive_id"
        ),
        sa.ForeignKeyConstraint(
            ["upload_series_id"], ["distroseries.id"], name="fk_sourcepackagerelease_upload_series_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sourcepackagerelease"),
        sqlite_autoincrement=True,
    )


def _index_sourcepackagerelease() -> None:
    op.create_index("ix_sourcepackagerelease_name_version", "sourcepackagerelease", ["name", "version"])


def _create_sourcepackagereleasefile() -> None:
    op.create_table(
        "sourcepackagereleasefile",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["file_id"], ["storedfile.id"], name="fk_sourcepackagereleasefile_file_id"),
        sa.ForeignKeyConstraint(
            ["release_id"], ["sourcepackagerelease.id"], name="fk_sourcepackagereleasefile_release_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sourcepackagereleasefile"),
        sa.UniqueConstraint("release_id", "filename", name="uq_sourcepackagereleasefile_release_id_filename"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sourcepackagereleasefile_filename", "sourcepackagereleasefile", ["filename"])


def _create_sourcepublication() -> None:
    op.create_table(
        "sourcepublication",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("archive_id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("pocket", sa.Integer(), nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("examined", sa.Boolean(), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_published", sa.DateTime(timezone=True), nullable=True),
        sa.Column("date_superseded", sa.DateTime(timezone=True), nullable=True),
        sa.Column("date_removed", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["archive_id"], ["archive.id"], name="fk_sourcepublication_archive_id"),
        sa.ForeignKeyConstraint(["release_id"], ["sourcepackagerelease.id"], name="fk_sourcepublication_release_id"),
        sa.ForeignKeyConstraint(["series_id"], ["distroseries.id"], name="fk_sourcepublication_series_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sourcepublication"),
        sqlite_autoincrement=True,
    )


def _index_sourcepublication() -> None:
    op.create_index("ix_sourcepublication_place", "sourcepublication", ["archive_id", "series_id", "status"])
    op.create_index(
        "ix_sourcepublication_release", "sourcepublication", ["release_id", "archive_id", "series_id", "status"]
    )
    _index_some("ix_sourcepublication_pending", "sourcepublication", ["id"], "status = 1")
    _index_some("ix_sourcepublication_unbuilt", "sourcepublication", ["id"], "NOT examined")


def _index_some(name: str, table: str, columns: list[str | sa.TextClause], where: str, *, unique: bool = False) -> None:
    """Index those rows for which the condition holds, on either database."""
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
