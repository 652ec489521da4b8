"""Keep who tried which move on which case, and why it was refused."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "refused_attempt",
        sa.Column("id", BIG, nullable=False),
        sa.Column("at", models.column_types.Instant, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("via", TEXT(), nullable=False),
        sa.Column("move", TEXT(), nullable=False),
        sa.Column("state", TEXT(), nullable=False),
        sa.Column("code", TEXT(), nullable=False),
        sa.Column("why", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_refused_attempt_at", "refused_attempt", ["at"])
    op.create_index("ix_refused_attempt_case", "refused_attempt", ["case_id", "id"])
