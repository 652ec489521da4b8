"""Add the indexes by which the queue of work is read in its order."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

OPEN = sa.text("NOT closed")
URGENT = sa.text("NOT closed AND severity = 'urgent'")
SPENT = sa.text("closed_at IS NULL AND fires_at IS NULL AND running_since IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_cases_owner", "cases", ["owner", "id"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("ix_cases_urgent", "cases", ["id"], sqlite_where=URGENT, postgresql_where=URGENT)
    op.create_index("ix_timer_spent", "timer", ["id"], sqlite_where=SPENT, postgresql_where=SPENT)
