"""Keep the answers to requests under an idempotency key that move no case."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0017"
down_revision = "0014"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    op.create_table(
        "kept_answer",
        sa.Column("key", TEXT(), nullable=False),
        sa.Column("request_hash", TEXT(), nullable=False),
        sa.Column("answer", TEXT(), nullable=False),
        sa.Column("at", models.column_types.Instant, nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index(op.f("ix_kept_answer_at"), "kept_answer", ["at"])
