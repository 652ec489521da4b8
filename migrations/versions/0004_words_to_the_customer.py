"""Record the customer's language and which move ended a timer, and let one reaction send all messages to customers."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
# Reactions that sent one sort of message each; what still waits for them is sent by the one that took their place.
RENAMED = "('tell_arrangement', 'tell_progress', 'tell_affected_customer', 'tell_reporter')"


def upgrade() -> None:
    op.add_column("party", sa.Column("locale", TEXT(), nullable=True))
    op.add_column("timer", sa.Column("closed_by", sa.Integer(), nullable=True))
    op.execute(f"UPDATE delivery SET reaction = 'send_message' WHERE reaction IN {RENAMED} AND status <> 'done'")
