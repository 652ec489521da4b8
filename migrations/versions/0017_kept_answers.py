"""Keep the answers to requests under an idempotency key that move no case, and the log-ins that failed."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0017"
down_revision = "0016"
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
    op.create_table(
        "failed_log_in",
        sa.Column("id", models.column_types.BigId, nullable=False),
        sa.Column("at", models.column_types.Instant, nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("method", TEXT(), nullable=False),
        sa.Column("address", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("at", "actor_id"):
        op.create_index(op.f(f"ix_failed_log_in_{column}"), "failed_log_in", [column])
