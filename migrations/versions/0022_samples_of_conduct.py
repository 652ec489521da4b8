"""Add samples of contacts, and the sheets on which reviewers score them."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
INSTANT = models.column_types.Instant
BIG = models.column_types.BigId


def upgrade() -> None:
    op.create_table(
        "conduct_draw",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("drawn_by", sa.Integer(), nullable=False),
        sa.Column("drawn_at", INSTANT, nullable=False),
        sa.Column("seed", TEXT(), nullable=False),
        sa.Column("channel", TEXT(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("department", TEXT(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("digest", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(["drawn_by"], ["actor.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "conduct_sample",
        sa.Column("draw_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("department", TEXT(), nullable=True),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["draw_id"], ["conduct_draw.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["actor.id"]),
        sa.PrimaryKeyConstraint("draw_id", "position"),
        sa.UniqueConstraint("case_id", "seq"),
    )
    op.create_table(
        "conduct_sheet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draw_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("scored_by", sa.Integer(), nullable=False),
        sa.Column("scored_at", INSTANT, nullable=False),
        sa.Column("checklist", TEXT(), nullable=False),
        sa.Column("version", TEXT(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("observed", sa.Integer(), nullable=False),
        sa.Column("reason", TEXT(), nullable=True),
        sa.Column("objection", TEXT(), nullable=True),
        sa.Column("objected_at", INSTANT, nullable=True),
        sa.Column("answer", TEXT(), nullable=True),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("erased_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["draw_id"], ["conduct_draw.id"]),
        sa.ForeignKeyConstraint(["scored_by"], ["actor.id"]),
        sa.ForeignKeyConstraint(["answered_by"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("draw_id", "position", "revision"),
    )
    op.create_table(
        "conduct_mark",
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("item", TEXT(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("outcome", TEXT(), nullable=False),
        sa.Column("note", TEXT(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["sheet_id"], ["conduct_sheet.id"]),
        sa.PrimaryKeyConstraint("sheet_id", "item"),
    )
