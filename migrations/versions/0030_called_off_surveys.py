"""Record that a survey was called off: by whom, when and why; and what the staff are called and by which telephone."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    op.add_column("survey", sa.Column("called_off_by", sa.Integer(), nullable=True))
    op.add_column("survey", sa.Column("called_off_at", models.column_types.Instant, nullable=True))
    op.add_column("survey", sa.Column("called_off_because", TEXT(), nullable=True))
    op.add_column("actor", sa.Column("name", TEXT(), nullable=True))
    op.add_column("actor", sa.Column("phone", TEXT(), nullable=True))
