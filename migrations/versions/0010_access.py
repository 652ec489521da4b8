"""Keep who read personal data of which case, and index the open cases by their last change."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("NOT closed")


def upgrade() -> None:
    op.create_table(
        "reading",
        sa.Column("id", BIG, nullable=False),
        sa.Column("at", models.column_types.Instant, nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("via", TEXT(), nullable=False),
        sa.Column("kind", TEXT(), nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("fields", TEXT(), nullable=False),
        sa.Column("reason", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_reading_at", "reading", ["at"])
    op.create_index("ix_reading_case", "reading", ["case_id", "id"])
    op.create_index("ix_cases_changed", "cases", ["changed_at", "id"], sqlite_where=OPEN, postgresql_where=OPEN)
