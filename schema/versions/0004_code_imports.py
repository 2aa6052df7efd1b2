"""Code imports."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make them, each after those that it refers to."""
    _create_codeimport()
    _create_codeimportmachine()
    _create_codeimportevent()
    _create_codeimportjob()
    _create_codeimportresult()


def _create_codeimport() -> None:
    op.create_table(
        "codeimport",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rcs_type", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("module", sa.Text(), nullable=False),
        sa.Column("review_status", sa.Integer(), nullable=False),
        sa.Column("update_interval", sa.Double(), nullable=True),
        sa.Column("consecutive_failures", sa.Integer(), nullable=False),
        sa.Column("registrant", sa.Text(), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_last_successful", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(rcs_type = 1) = (module <> '')", name=op.f("ck_codeimport_module_is_for_cvs")),
        sa.PrimaryKeyConstraint("id", name="pk_codeimport"),
        sa.UniqueConstraint("name", name="uq_codeimport_name"),
        sa.UniqueConstraint("url", "module", name="uq_codeimport_url_module"),
        sqlite_autoincrement=True,
    )


def _create_codeimportmachine() -> None:
    op.create_table(
        "codeimportmachine",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hostname", sa.Text(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("heartbeat", sa.DateTime(timezone=True), nullable=True),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_codeimportmachine"),
        sa.UniqueConstraint("hostname", name="uq_codeimportmachine_hostname"),
        sqlite_autoincrement=True,
    )


def _create_codeimportevent() -> None:
    op.create_table(
        "codeimportevent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_type", sa.Integer(), nullable=False),
        sa.Column("code_import_id", sa.Integer(), nullable=True),
        sa.Column("machine_id", sa.Integer(), nullable=True),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["code_import_id"], ["codeimport.id"], name="fk_codeimportevent_code_import_id"),
        sa.ForeignKeyConstraint(["machine_id"], ["codeimportmachine.id"], name="fk_codeimportevent_machine_id"),
        sa.PrimaryKeyConstraint("id", name="pk_codeimportevent"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_codeimportevent_code_import_id", "codeimportevent", ["code_import_id"])


def _create_codeimportjob() -> None:
    op.create_table(
        "codeimportjob",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code_import_id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("date_due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requesting_user", sa.Text(), nullable=True),
        sa.Column("heartbeat", sa.DateTime(timezone=True), nullable=True),
        sa.Column("logtail", sa.Text(), nullable=True),
        sa.Column("date_started", sa.DateTime(timezone=True), nullable=True),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(state = 10 AND machine_id IS NULL AND heartbeat IS NULL AND date_started IS NULL AND logtail IS NULL) OR (state = 30 AND machine_id IS NOT NULL AND heartbeat IS NOT NULL AND date_started IS NOT NULL AND logtail IS NOT NULL)",
            name=op.f("ck_codeimportjob_fields_of_its_state"),
        ),
        sa.ForeignKeyConstraint(["code_import_id"], ["codeimport.id"], name="fk_codeimportjob_code_import_id"),
        sa.ForeignKeyConstraint(["machine_id"], ["codeimportmachine.id"], name="fk_codeimportjob_machine_id"),
        sa.PrimaryKeyConstraint("id", name="pk_codeimportjob"),
        sa.UniqueConstraint("code_import_id", name="uq_codeimportjob_code_import_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_codeimportjob_due", "codeimportjob", ["state", "date_due"])
    op.create_index("ix_codeimportjob_machine_id", "codeimportjob", ["machine_id"])


def _create_codeimportresult() -> None:
    op.create_table(
        "codeimportresult",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code_import_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("requesting_user", sa.Text(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("log_excerpt", sa.Text(), nullable=True),
        sa.Column("log_file_id", sa.Integer(), nullable=True),
        sa.Column("date_job_started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["code_import_id"], ["codeimport.id"], name="fk_codeimportresult_code_import_id"),
        sa.ForeignKeyConstraint(["log_file_id"], ["storedfile.id"], name="fk_codeimportresult_log_file_id"),
        sa.ForeignKeyConstraint(["machine_id"], ["codeimportmachine.id"], name="fk_codeimportresult_machine_id"),
        sa.PrimaryKeyConstraint("id", name="pk_codeimportresult"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_codeimportresult_code_import_id", "codeimportresult", ["code_import_id", "id"])
