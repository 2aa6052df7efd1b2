"""People, and the sources that they upload."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
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
    with op.batch_alter_table("audit") as table:
        table.create_index("ix_audit_date", ["date"], unique=False)

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
    with op.batch_alter_table("outboxmessage") as table:
        table.create_index(
            "ix_outboxmessage_unsent",
            ["next_try"],
            unique=False,
            sqlite_where=sa.text("date_sent IS NULL"),
            postgresql_where=sa.text("date_sent IS NULL"),
        )

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
    with op.batch_alter_table("token") as table:
        table.create_index("ix_token_account_id", ["account_id"], unique=False)

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
    with op.batch_alter_table("accountrole") as table:
        table.create_index("ix_accountrole_account_id", ["account_id"], unique=False)

    op.create_table(
        "sourcepackagerelease",
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
    with op.batch_alter_table("sourcepackagerelease") as table:
        table.create_index("ix_sourcepackagerelease_name_version", ["name", "version"], unique=False)

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
    with op.batch_alter_table("sourcepackagereleasefile") as table:
        table.create_index("ix_sourcepackagereleasefile_filename", ["filename"], unique=False)

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
    with op.batch_alter_table("sourcepublication") as table:
        table.create_index("ix_sourcepublication_place", ["archive_id", "series_id", "status"], unique=False)
        table.create_index(
            "ix_sourcepublication_release", ["release_id", "archive_id", "series_id", "status"], unique=False
        )
        table.create_index(
            "ix_sourcepublication_pending",
            ["id"],
            unique=False,
            sqlite_where=sa.text("status = 1"),
            postgresql_where=sa.text("status = 1"),
        )
        table.create_index(
            "ix_sourcepublication_unbuilt",
            ["id"],
            unique=False,
            sqlite_where=sa.text("NOT examined"),
            postgresql_where=sa.text("NOT examined"),
        )
