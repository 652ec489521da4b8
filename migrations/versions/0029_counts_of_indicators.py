"""Keep what indicators count, as of the last night and the ends of months."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
INSTANT = models.column_types.Instant


def upgrade() -> None:
    op.create_table(
        "indicator_count",
        sa.Column("question", TEXT(), nullable=False),
        sa.Column("facts", TEXT(), nullable=False),
        sa.Column("zone", TEXT(), nullable=False),
        sa.Column("names", TEXT(), nullable=False),
        sa.Column("queries", TEXT(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("as_of", INSTANT, nullable=False),
        sa.Column("cells", TEXT(), nullable=False),
        sa.Column("seal", TEXT(), nullable=False),
        sa.PrimaryKeyConstraint("question", "as_of"),
    )
