"""Let indexes answer which urgent cases a person has, what is open and what is overdue; keep people's filters."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString

COUNTED = ["kind", "level", "state", "owner", "department"]
INDEXES = (
    ("ix_cases_kind", "cases", [*COUNTED, "severity", "id"], "NOT closed"),
    ("ix_cases_urgent", "cases", ["severity", *COUNTED, "id"], "NOT closed AND severity = 'urgent'"),
    ("ix_cases_department", "cases", ["department", "state", "owner", "id"], "NOT closed"),
    ("ix_timer_open", "timer", ["running_since", "allowance", "consumed", "id"], "closed_at IS NULL"),
)


def upgrade() -> None:
    for name in ("ix_cases_kind", "ix_cases_department"):
        op.drop_index(name, table_name="cases")
    op.create_table(
        "saved_filter",
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("name", TEXT(), nullable=False),
        sa.Column("address", TEXT(), nullable=False),
        sa.Column("saved_at", models.column_types.Instant, nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.PrimaryKeyConstraint("actor_id", "name"),
    )
    for name, table, columns, where in INDEXES:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
