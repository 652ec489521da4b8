"""Let actors change, be absent and be disabled, with a journal; and record which departments there are."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
INSTANT = models.column_types.Instant
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# The departments of the first release, and all in which somebody works or a case stands.
SHIPPED = ("billing", "claims", "delivery", "hotline", "market", "operations", "quality", "service")
IN_USE = """
INSERT INTO department (code, added_at, added_by)
SELECT used.code, coalesce((SELECT made_at FROM store_info WHERE id = 1), 0), 'system' FROM (
  SELECT department AS code FROM actor WHERE department IS NOT NULL
  UNION SELECT department FROM cases WHERE department IS NOT NULL
  UNION SELECT code FROM (SELECT {shipped}) AS shipped
) AS used
"""


def upgrade() -> None:
    with op.batch_alter_table("actor") as batch:
        batch.add_column(sa.Column("zone", TEXT(), nullable=True))
        batch.add_column(sa.Column("disabled_at", INSTANT(), nullable=True))
        batch.add_column(sa.Column("absent_from", INSTANT(), nullable=True))
        batch.add_column(sa.Column("absent_until", INSTANT(), nullable=True))
        batch.add_column(sa.Column("deputy", TEXT(), nullable=True))
    op.create_table(
        "actor_change",
        sa.Column("id", BIG, nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.Column("field", TEXT(), nullable=False),
        sa.Column("before", TEXT(), nullable=True),
        sa.Column("after", TEXT(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.ForeignKeyConstraint(["changed_by"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_actor_change_actor_id", "actor_change", ["actor_id"])
    op.create_table(
        "department",
        sa.Column("code", TEXT(), nullable=False),
        sa.Column("added_at", INSTANT(), nullable=False),
        sa.Column("added_by", TEXT(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    shipped = " UNION SELECT ".join(f"'{code}' AS code" for code in SHIPPED)
    op.execute(IN_USE.format(shipped=shipped))
