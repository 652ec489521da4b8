"""Add drafts of packs, calendars and questionnaires, which one person proposes and another one approves."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
OPEN = sa.text("decision IS NULL")


def upgrade() -> None:
    op.create_table(
        "rule_draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sort", TEXT(), nullable=False),
        sa.Column("name", TEXT(), nullable=False),
        sa.Column("content", TEXT(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("made_at", models.column_types.Instant, nullable=False),
        sa.Column("effective_from", models.column_types.Instant, nullable=True),
        sa.Column("reason", TEXT(), nullable=False),
        sa.Column("submitted_at", models.column_types.Instant, nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", models.column_types.Instant, nullable=True),
        sa.Column("decision", TEXT(), nullable=True),
        sa.Column("remark", TEXT(), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["actor.id"]),
        sa.ForeignKeyConstraint(["decided_by"], ["actor.id"]),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    columns = ["made_by", "sort", "name"]
    op.create_index(
        "ix_rule_draft_open", "rule_draft", columns, unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )  # fmt: skip
