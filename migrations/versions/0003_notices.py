"""Record whom a case asked at each escalation level, and what became of the mails."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
INSTANT = models.column_types.Instant
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

WAITING = sa.text("mail IS NULL")
UNDELIVERED = sa.text("outcome <> 'sent'")
UNSENT = sa.text("next_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "mail",
        sa.Column("key", TEXT(), nullable=False),
        sa.Column("recipient", TEXT(), nullable=False),
        sa.Column("subject", TEXT(), server_default="", nullable=False),
        sa.Column("body", TEXT(), server_default="", nullable=False),
        sa.Column("composed_at", INSTANT(), nullable=False),
        sa.Column("outcome", TEXT(), nullable=True),
        sa.Column("settled_at", INSTANT(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", INSTANT(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index(
        "ix_mail_undelivered", "mail", ["composed_at"], sqlite_where=UNDELIVERED, postgresql_where=UNDELIVERED
    )
    op.create_index("ix_mail_next", "mail", ["next_at"], sqlite_where=UNSENT, postgresql_where=UNSENT)
    op.create_table(
        "notice",
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("recipient", TEXT(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("timer_id", BIG, nullable=True),
        sa.Column("asked_at", INSTANT(), nullable=False),
        sa.Column("digest_at", INSTANT(), nullable=True),
        sa.Column("line", TEXT(), nullable=False),
        sa.Column("mail", TEXT(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["timer_id"], ["timer.id"]),
        sa.PrimaryKeyConstraint("case_id", "seq", "recipient"),
    )
    op.create_index("ix_notice_recipient", "notice", ["recipient", "asked_at"])
    op.create_index("ix_notice_waiting", "notice", ["digest_at"], sqlite_where=WAITING, postgresql_where=WAITING)
