"""Record when and why a customer's name and number, or the text of a mail, were erased."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    op.add_column("party", sa.Column("erased_at", models.column_types.Instant, nullable=True))
    for table in ("party", "mail"):
        op.add_column(table, sa.Column("erasure_reason", TEXT(), nullable=True))
