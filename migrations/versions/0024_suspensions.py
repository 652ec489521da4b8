"""Record who suspended or released automatic work, when and why."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    op.create_table(
        "suspension",
        sa.Column("id", models.column_types.BigId, nullable=False),
        sa.Column("at", models.column_types.Instant, nullable=False),
        sa.Column("act", TEXT(), nullable=False),
        sa.Column("kind", TEXT(), nullable=False),
        sa.Column("case_id", models.column_types.BigId, nullable=True),
        sa.Column("work", TEXT(), nullable=True),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("reason", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_suspension_case", "suspension", ["case_id", "id"])
