"""Record when a dead delivery was tried again, and why one was given up.

Those that were given up before bear an empty reason; the upgrade enters them in the journal.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery", sa.Column("retried_at", models.column_types.Instant, nullable=True))
    op.add_column("delivery", sa.Column("drop_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.execute(
        "UPDATE delivery SET drop_reason = '' WHERE status = 'done' AND lease_owner IS NULL AND NOT EXISTS ("
        " SELECT 1 FROM webhook w WHERE w.removed_at IS NOT NULL AND delivery.reaction = 'webhook:' || w.id)"
    )
