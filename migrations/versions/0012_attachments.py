"""Add the files that are attached to cases."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "attachment",
        sa.Column("id", TEXT(), nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("name", TEXT(), nullable=True),
        sa.Column("type", TEXT(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("digest", TEXT(), nullable=False),
        sa.Column("thumbnail", TEXT(), nullable=True),
        sa.Column("uploaded_by", sa.Integer(), nullable=False),
        sa.Column("uploaded_at", models.column_types.Instant, nullable=False),
        sa.Column("erased_at", models.column_types.Instant, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["uploaded_by"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_attachment_case_id", "attachment", ["case_id"])
