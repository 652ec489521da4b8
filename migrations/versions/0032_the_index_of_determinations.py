"""Find the determination of the same cause and party before another one, for recurrences, in an index."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

FIELDS = {"sqlite": "json_extract(form, '$.{}')", "postgresql": "(form::json ->> '{}')"}
DETERMINED = sa.text("move = 'determine_responsibility'")


def upgrade() -> None:
    field = FIELDS[op.get_bind().dialect.name]
    op.create_index(
        "ix_transition_determined",
        "transition",
        [sa.text(field.format("cause")), sa.text(field.format("responsible")), "occurred_at", "case_id", "seq"],
        sqlite_where=DETERMINED,
        postgresql_where=DETERMINED,
    )
