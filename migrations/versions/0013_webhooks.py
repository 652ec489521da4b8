"""Add the subscriptions of webhooks."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("url", TEXT(), nullable=False),
        sa.Column("events", TEXT(), nullable=False),
        sa.Column("kinds", TEXT(), nullable=False),
        sa.Column("departments", TEXT(), nullable=False),
        sa.Column("personal", sa.Boolean(), nullable=False),
        sa.Column("nonce", TEXT(), nullable=False),
        sa.Column("former_nonce", TEXT(), nullable=True),
        sa.Column("former_until", models.column_types.Instant, nullable=True),
        sa.Column("added_at", models.column_types.Instant, nullable=False),
        sa.Column("added_by", TEXT(), nullable=False),
        sa.Column("removed_at", models.column_types.Instant, nullable=True),
        sa.Column("removed_by", TEXT(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
