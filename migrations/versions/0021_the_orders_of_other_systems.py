"""Add the imports of completed orders, from which indicators take their denominators."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    op.create_table(
        "order_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", TEXT(), nullable=False),
        sa.Column("digest", TEXT(), nullable=False),
        sa.Column("zone", TEXT(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("left_out", TEXT(), nullable=False),
        sa.Column("tallies", TEXT(), nullable=False),
        sa.Column("imported_at", models.column_types.Instant, nullable=False),
        sa.Column("imported_by", TEXT(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_order_import_source", "order_import", ["source"])
