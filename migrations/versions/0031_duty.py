"""Record who is on duty: rosters with their shifts, swaps, and alerts to whoever is on duty."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
INSTANT = models.column_types.Instant
BIG = models.column_types.BigId


def upgrade() -> None:
    op.create_table(
        "duty_roster",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("valid_from", TEXT(), nullable=False),
        sa.Column("calendar", TEXT(), nullable=False),
        sa.Column("source", TEXT(), nullable=False),
        sa.Column("digest", TEXT(), nullable=False),
        sa.Column("until", INSTANT, nullable=True),
        sa.Column("imported_by", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["imported_by"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "duty_shift",
        sa.Column("roster_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("department", TEXT(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("person", TEXT(), nullable=False),
        sa.Column("days", TEXT(), nullable=True),
        sa.Column("begins", TEXT(), nullable=True),
        sa.Column("ends", TEXT(), nullable=True),
        sa.Column("starts_at", INSTANT, nullable=True),
        sa.Column("ends_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["roster_id"], ["duty_roster.id"]),
        sa.PrimaryKeyConstraint("roster_id", "position"),
    )
    op.create_table(
        "duty_swap",
        sa.Column("id", BIG, nullable=False),
        sa.Column("department", TEXT(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("person", TEXT(), nullable=False),
        sa.Column("stand_in", TEXT(), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("reason", TEXT(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "duty_alert",
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("timer_id", BIG, nullable=True),
        sa.Column("people", TEXT(), nullable=False),
        sa.Column("raised_at", INSTANT, nullable=False),
        sa.Column("climbs_at", INSTANT, nullable=True),
        sa.Column("climbed_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("acknowledged_at", INSTANT, nullable=True),
        sa.Column("acknowledged_by", sa.Integer(), nullable=True),
        sa.Column("via", TEXT(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["timer_id"], ["timer.id"]),
        sa.ForeignKeyConstraint(["acknowledged_by"], ["actor.id"]),
        sa.PrimaryKeyConstraint("case_id", "seq", "level"),
    )
    climbing = sa.text("climbs_at IS NOT NULL")
    op.create_index(
        "ix_duty_alert_climbs", "duty_alert", ["climbs_at"], sqlite_where=climbing, postgresql_where=climbing
    )
