"""Record that a survey was called off: by whom, when and why."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0030"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("survey", sa.Column("called_off_by", sa.Integer(), nullable=True))
    op.add_column("survey", sa.Column("called_off_at", models.column_types.Instant, nullable=True))
    op.add_column("survey", sa.Column("called_off_because", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
