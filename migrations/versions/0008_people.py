"""Tell people apart: a party for each way a person was named, keys of numbers and addresses, and open questions.

Every party and case stays. The keys need the store's secret, so ``closeloop init`` makes them right after this.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
INSTANT = models.column_types.Instant
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INDEXES = {
    "ix_party_person": ("person_id",),
    "ix_party_phone": ("phone_key", "id"),
    "ix_party_email": ("email_key", "id"),
}


def upgrade() -> None:
    with op.batch_alter_table("party") as batch:
        batch.add_column(sa.Column("phone_key", TEXT(), nullable=True))
        batch.add_column(sa.Column("email_key", TEXT(), nullable=True))
        batch.add_column(sa.Column("person_id", BIG, nullable=True))
        batch.create_foreign_key("party_person_id_fkey", "party", ["person_id"], ["id"])
    for name, columns in INDEXES.items():
        known = sa.text(f"{columns[0]} IS NOT NULL")
        op.create_index(name, "party", list(columns), sqlite_where=known, postgresql_where=known)
    op.create_table(
        "same_person",
        sa.Column("party_id", BIG, nullable=False),
        sa.Column("other_id", BIG, nullable=False),
        sa.Column("why", TEXT(), nullable=False),
        sa.Column("asked_at", INSTANT(), nullable=False),
        sa.Column("same", sa.Boolean(), nullable=True),
        sa.Column("answered_at", INSTANT(), nullable=True),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("joined", TEXT(), nullable=True),
        sa.ForeignKeyConstraint(["answered_by"], ["actor.id"]),
        sa.ForeignKeyConstraint(["other_id"], ["party.id"]),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"]),
        sa.PrimaryKeyConstraint("party_id", "other_id"),
    )
    op.create_index("ix_same_person_other_id", "same_person", ["other_id"])
    unanswered = sa.text("same IS NULL")
    op.create_index(
        "ix_same_person_open", "same_person", ["asked_at"], sqlite_where=unanswered, postgresql_where=unanswered
    )
