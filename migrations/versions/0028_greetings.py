"""Record who agreed to greetings, which greetings were sent, and the birthdays that customers told us."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
INSTANT = models.column_types.Instant
BIG = models.column_types.BigId


def upgrade() -> None:
    op.add_column("party", sa.Column("birthday", TEXT(), nullable=True))
    op.create_table(
        "care_consent",
        sa.Column("id", BIG, nullable=False),
        sa.Column("party_id", BIG, nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("source", TEXT(), nullable=False),
        sa.Column("via", TEXT(), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"]),
        sa.ForeignKeyConstraint(["recorded_by"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_care_consent_party", "care_consent", ["party_id", "id"])
    op.create_table(
        "care_greeting",
        sa.Column("party_id", BIG, nullable=False),
        sa.Column("occasion", TEXT(), nullable=False),
        sa.Column("pack", TEXT(), nullable=False),
        sa.Column("queued_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("outcome", TEXT(), nullable=True),
        sa.Column("reason", TEXT(), nullable=True),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"]),
        sa.PrimaryKeyConstraint("party_id", "occasion"),
    )
    queued = sa.text("outcome IS NULL")
    op.create_index(
        "ix_care_greeting_queued", "care_greeting", ["next_at"], sqlite_where=queued, postgresql_where=queued
    )
