"""Record why a text or a file was erased."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    # ADD COLUMN leaves the trigger on ``statement`` as it is; on SQLite a recreated table would lose it.
    for table in ("statement", "attachment"):
        op.add_column(table, sa.Column("erasure_reason", TEXT(), nullable=True))
