"""anchors that anybody can check: their line outside, what it names, and whose key signed it"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    with op.batch_alter_table("anchor") as batch:
        batch.add_column(sa.Column("line", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("before", TEXT(), nullable=True))
        batch.add_column(sa.Column("key", TEXT(), nullable=True))
        batch.add_column(sa.Column("reason", TEXT(), nullable=False, server_default=""))
        batch.add_column(sa.Column("begun_by", TEXT(), nullable=False, server_default=""))
        batch.add_column(sa.Column("published", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch.create_unique_constraint("uq_anchor_line", ["line"])
