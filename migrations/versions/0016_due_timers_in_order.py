"""Order timers that are due at the same instant in the index, too: Postgres sorted all of them for each page."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

RUNS = sa.text("fires_at IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_timer_due", table_name="timer")
    op.create_index("ix_timer_due", "timer", ["fires_at", "id"], sqlite_where=RUNS, postgresql_where=RUNS)
