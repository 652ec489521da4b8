"""Record the code that a mail server or the provider of a group answered at the last try to send."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mail", sa.Column("answer", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
