"""Add the journal of what no case records: staff, rules, categories, holds, links, callbacks and ratings.

``closeloop init`` enters the rows of an earlier release right after this.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "journal",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("at", models.column_types.Instant, nullable=False),
        sa.Column("made_by", TEXT(), nullable=False),
        sa.Column("subject", TEXT(), nullable=False),
        sa.Column("key", TEXT(), nullable=False),
        sa.Column("digest", TEXT(), nullable=False),
        sa.Column("hash", TEXT(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ix_journal_subject", "journal", ["subject", "key", "seq"])
