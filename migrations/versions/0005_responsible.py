"""Record of a timer which department it belongs to, and of a notice in which state its case awaits the recipient."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    with op.batch_alter_table("timer") as batch:
        batch.add_column(sa.Column("part", TEXT(), nullable=True))
    with op.batch_alter_table("notice") as batch:
        batch.add_column(sa.Column("awaiting", TEXT(), nullable=True))
