"""What is known of the mirrors that archives stand for, and when binaries were published."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table of the mirrors, and find binaries by when they were published."""
    _create_mirrorindex()
    op.create_index("ix_binarypublication_date_published", "binarypublication", ["date_published"])


MIRRORINDEX_COLUMNS = (
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("archive_id", sa.Integer(), nullable=False),
    sa.Column("series_id", sa.Integer(), nullable=False),
    sa.Column("pocket", sa.Integer(), nullable=False),
    sa.Column("component", sa.Text(), nullable=False),
    sa.Column("tag", sa.Text(), nullable=False),
    sa.Column("sha256", sa.Text(), nullable=False),
    sa.Column("offers_id", sa.Integer(), nullable=False),
    sa.Column("packages_id", sa.Integer(), nullable=False),
    sa.Column("date_fetched", sa.DateTime(timezone=True), nullable=False),
)


def _create_mirrorindex() -> None:
    op.create_table(
        "mirrorindex",
        *MIRRORINDEX_COLUMNS,
        sa.ForeignKeyConstraint(["archive_id"], ["archive.id"], name="fk_mirrorindex_archive_id"),
        sa.ForeignKeyConstraint(["series_id"], ["distroseries.id"], name="fk_mirrorindex_series_id"),
        sa.ForeignKeyConstraint(["offers_id"], ["storedfile.id"], name="fk_mirrorindex_offers_id"),
        sa.ForeignKeyConstraint(["packages_id"], ["storedfile.id"], name="fk_mirrorindex_packages_id"),
        sa.PrimaryKeyConstraint("id", name="pk_mirrorindex"),
        sa.UniqueConstraint(
            "archive_id",
            "series_id",
            "pocket",
            "component",
            "tag",
            name="uq_mirrorindex_archive_id_series_id_pocket_component_tag",
        ),
        sqlite_autoincrement=True,
    )
