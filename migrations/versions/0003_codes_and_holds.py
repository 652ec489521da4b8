"""one-time codes, kinds of case on hold"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sqlmodel.sql.sqltypes.AutoString
INSTANT = models.columns.Instant


def upgrade() -> None:
    op.create_table(
        "code",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("actor_id", sa.Integer(), sa.ForeignKey("actor.id"), nullable=False),
        sa.Column("purpose", TEXT(), nullable=False),
        sa.Column("code", TEXT(), nullable=False),
        sa.Column("made_at", INSTANT(), nullable=False),
        sa.Column("until", INSTANT(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", INSTANT(), nullable=True),
    )
    op.create_index("ix_code_actor_id", "code", ["actor_id"])
    op.create_table(
        "hold",
        sa.Column("kind", TEXT(), primary_key=True),
        sa.Column("since", INSTANT(), nullable=False),
        sa.Column("held_by", sa.Integer(), sa.ForeignKey("actor.id"), nullable=False),
        sa.Column("reason", TEXT(), nullable=False),
    )
