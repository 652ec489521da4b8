"""Keep what was forecast of the promises that fell due on a day (K1)."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
INSTANT = models.column_types.Instant
BIG = models.column_types.BigId


def upgrade() -> None:
    op.create_table(
        "day_forecast",
        sa.Column("day", TEXT(), nullable=False),
        sa.Column("timer_id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("probability", sa.Integer(), nullable=False),
        sa.Column("model", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(["timer_id"], ["timer.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("day", "timer_id"),
    )
