"""Let indexes answer which urgent cases a person has, how many cases are open, and what is overdue."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

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
    for name, table, columns, where in INDEXES:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
