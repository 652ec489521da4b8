"""Add periodic surveys: sampling plans, their strata, and the customers who were drawn."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
INSTANT = models.column_types.Instant
BIG = models.column_types.BigId


def upgrade() -> None:
    op.create_table(
        "survey",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pack", TEXT(), nullable=False),
        sa.Column("period", TEXT(), nullable=True),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("kinds", TEXT(), nullable=False),
        sa.Column("stratify_by", TEXT(), nullable=False),
        sa.Column("method", TEXT(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("least", sa.Integer(), nullable=False),
        sa.Column("way", TEXT(), nullable=False),
        sa.Column("apart_days", sa.Integer(), nullable=True),
        sa.Column("seed", TEXT(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("digest", TEXT(), nullable=False),
        sa.Column("drawn_by", sa.Integer(), nullable=False),
        sa.Column("drawn_at", INSTANT, nullable=False),
        sa.Column("invited_by", sa.Integer(), nullable=True),
        sa.Column("invited_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["drawn_by"], ["actor.id"]),
        sa.ForeignKeyConstraint(["invited_by"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("pack", "period"),
    )
    op.create_table(
        "survey_stratum",
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("stratum", TEXT(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("eligible", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.Column("left_out", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(["survey_id"], ["survey.id"]),
        sa.PrimaryKeyConstraint("survey_id", "stratum"),
    )
    op.create_table(
        "survey_person",
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("stratum", TEXT(), nullable=False),
        sa.Column("party_id", BIG, nullable=False),
        sa.Column("source_id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["survey_id"], ["survey.id"]),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"]),
        sa.ForeignKeyConstraint(["source_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("survey_id", "position"),
        sa.UniqueConstraint("survey_id", "party_id"),
    )
