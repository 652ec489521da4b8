"""Record which categories cases may be given: those of the house's tree, else the shipped ones."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
INSTANT = models.column_types.Instant

# The categories of this release, and all that complaints and inquiries bear. Where a tree was published before, the
# next start puts its categories into force instead.
SHIPPED = (
    "cargo_damage", "shortage", "loss", "delay", "attitude", "charge", "misdelivery", "tracking", "other",
)  # fmt: skip
IN_USE = """
INSERT INTO category (code, name, added_at, added_by)
SELECT used.code, used.code, coalesce((SELECT made_at FROM store_info WHERE id = 1), 0), 'system' FROM (
  SELECT category AS code FROM cases WHERE category <> 'unclassified' AND kind IN ('complaint', 'inquiry')
  UNION SELECT code FROM (SELECT {shipped}) AS shipped
) AS used
"""


def upgrade() -> None:
    op.create_table(
        "category",
        sa.Column("code", TEXT(), nullable=False),
        sa.Column("name", TEXT(), nullable=False),
        sa.Column("added_at", INSTANT(), nullable=False),
        sa.Column("added_by", TEXT(), nullable=False),
        sa.Column("retired_at", INSTANT(), nullable=True),
        sa.PrimaryKeyConstraint("code"),
    )
    shipped = " UNION SELECT ".join(f"'{code}' AS code" for code in SHIPPED)
    op.execute(IN_USE.format(shipped=shipped))
