"""links between cases, published editions of the rules, turns of a clock, ratings"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.columns

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sqlmodel.sql.sqltypes.AutoString
INSTANT = models.columns.Instant
# 0001 gave the constraint no name: Postgres made one up, SQLite needs to be told how it would.
UNNAMED = {"uq": "uq_%(table_name)s_%(column_0_N_name)s"}


def upgrade() -> None:
    with op.batch_alter_table("cases") as batch:
        batch.add_column(sa.Column("known", TEXT(), nullable=False, server_default="{}"))
        batch.add_column(sa.Column("customer_type", TEXT(), nullable=True))
        batch.add_column(sa.Column("shipment", TEXT(), nullable=True))
        batch.create_index("ix_cases_party", ["party_id"])
        batch.create_index(
            "ix_cases_shipment",
            ["shipment"],
            sqlite_where=sa.text("shipment IS NOT NULL"),
            postgresql_where=sa.text("shipment IS NOT NULL"),
        )
    postgres = op.get_bind().dialect.name == "postgresql"
    old = "clock_case_id_clause_cycle_key" if postgres else "uq_clock_case_id_clause_cycle"
    with op.batch_alter_table("clock", naming_convention=None if postgres else UNNAMED) as batch:
        batch.drop_constraint(old, type_="unique")
        batch.add_column(sa.Column("turn", sa.Integer(), nullable=False, server_default="1"))
        batch.add_column(sa.Column("extended", BIG, nullable=False, server_default="0"))
        batch.add_column(sa.Column("rungs_before", sa.Integer(), nullable=False, server_default="0"))
        batch.create_unique_constraint("uq_clock_turn", ["case_id", "clause", "cycle", "turn"])
    with op.batch_alter_table("callback") as batch:
        batch.add_column(sa.Column("owner", TEXT(), nullable=True))
    _new_tables()


def _new_tables() -> None:
    op.create_table(
        "link",
        sa.Column("parent_id", BIG, sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("child_id", BIG, sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("relation", TEXT(), primary_key=True),
        sa.Column("at", INSTANT(), nullable=False),
    )
    op.create_index("ix_link_child_id", "link", ["child_id"])
    op.create_table(
        "rating",
        sa.Column("case_id", BIG, sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("cycle", sa.Integer(), primary_key=True),
        sa.Column("questionnaire", TEXT(), nullable=False),
        sa.Column("version", TEXT(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("at", INSTANT(), nullable=False),
    )
    op.create_table(
        "edition",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("sort", TEXT(), nullable=False),
        sa.Column("name", TEXT(), nullable=False),
        sa.Column("version", TEXT(), nullable=False),
        sa.Column("content", TEXT(), nullable=False),
        sa.Column("effective_from", INSTANT(), nullable=False),
        sa.Column("published_at", INSTANT(), nullable=False),
        sa.Column("published_by", sa.Integer(), sa.ForeignKey("actor.id"), nullable=False),
        sa.Column("reason", TEXT(), nullable=False),
        sa.Column("projected_at", INSTANT(), nullable=True),
    )
    op.create_index("ix_edition_name", "edition", ["sort", "name", "effective_from"])
    op.create_table(
        "interpretation",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("pack", TEXT(), nullable=False),
        sa.Column("clause", TEXT(), nullable=False),
        sa.Column("content", TEXT(), nullable=False),
        sa.Column("recorded_at", INSTANT(), nullable=False),
        sa.Column("recorded_by", sa.Integer(), sa.ForeignKey("actor.id"), nullable=False),
    )
