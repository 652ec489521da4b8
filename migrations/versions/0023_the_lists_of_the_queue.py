"""Add the indexes from which the queue reads whose cases it shows, whatever its filters are."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

OPEN, CLOSED = sa.text("NOT closed"), sa.text("closed")
RUNS = sa.text("fires_at IS NOT NULL")
SPENT = sa.text("closed_at IS NULL AND fires_at IS NULL AND running_since IS NOT NULL")


def upgrade() -> None:
    for name, table in (("ix_cases_urgent", "cases"), ("ix_timer_due", "timer"), ("ix_timer_spent", "timer")):
        op.drop_index(name, table_name=table)
    for name, columns in (
        ("severity", ["severity", "id"]),
        ("department", ["department", "state", "id"]),
        ("kind", ["kind", "level", "id"]),
    ):
        op.create_index(f"ix_cases_{name}", "cases", columns, sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("ix_cases_closed", "cases", ["changed_at", "id"], sqlite_where=CLOSED, postgresql_where=CLOSED)
    op.create_index("ix_transition_actor", "transition", ["actor_id", "case_id"])
    for name, columns, where in (
        ("due", ["fires_at", "id", "case_id"], RUNS),
        ("spent", ["id", "case_id"], SPENT),
        ("next", ["case_id", "fires_at", "id"], RUNS),
        ("spent_of_case", ["case_id", "id"], SPENT),
    ):
        op.create_index(f"ix_timer_{name}", "timer", columns, sqlite_where=where, postgresql_where=where)
