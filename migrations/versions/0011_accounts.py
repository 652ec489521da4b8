"""Add accounts: passwords and second factors, invitations, sessions, API tokens, links to providers, attempt windows."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def instant(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, models.column_types.Instant, nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("actor_id", sa.Integer(), nullable=False),
        instant("made_at"),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("password", TEXT(), nullable=True),
        instant("password_at", nullable=True),
        sa.Column("totp", TEXT(), nullable=True),
        instant("totp_since", nullable=True),
        sa.Column("totp_step", BIG, nullable=False),
        sa.Column("recovery", TEXT(), nullable=False),
        instant("disabled_at", nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.ForeignKeyConstraint(["made_by"], ["actor.id"]),
        sa.PrimaryKeyConstraint("actor_id"),
    )
    op.create_table(
        "invitation",
        sa.Column("id", TEXT(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("digest", TEXT(), nullable=False),
        instant("made_at"),
        sa.Column("made_by", sa.Integer(), nullable=False),
        instant("until"),
        instant("used_at", nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.ForeignKeyConstraint(["made_by"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "login_session",
        sa.Column("id", TEXT(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("digest", TEXT(), nullable=False),
        instant("made_at"),
        instant("seen_at"),
        instant("until"),
        sa.Column("change_id", BIG, nullable=False),
        instant("second_factor_at", nullable=True),
        sa.Column("method", TEXT(), nullable=False),
        sa.Column("address", TEXT(), nullable=False),
        sa.Column("agent", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "api_token",
        sa.Column("id", TEXT(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("label", TEXT(), nullable=False),
        sa.Column("digest", TEXT(), nullable=False),
        sa.Column("scopes", TEXT(), nullable=True),
        sa.Column("rate", TEXT(), nullable=False),
        instant("made_at"),
        sa.Column("made_by", sa.Integer(), nullable=False),
        instant("until"),
        instant("revoked_at", nullable=True),
        instant("used_at", nullable=True),
        sa.Column("used_from", TEXT(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.ForeignKeyConstraint(["made_by"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "oidc_link",
        sa.Column("issuer", TEXT(), nullable=False),
        sa.Column("subject", TEXT(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        instant("linked_at"),
        sa.Column("linked_by", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.ForeignKeyConstraint(["linked_by"], ["actor.id"]),
        sa.PrimaryKeyConstraint("issuer", "subject"),
    )
    op.create_table(
        "attempt_window",
        sa.Column("key", TEXT(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        instant("until"),
        sa.PrimaryKeyConstraint("key"),
    )
    for table in ("invitation", "login_session", "api_token", "oidc_link"):
        op.create_index(op.f(f"ix_{table}_actor_id"), table, ["actor_id"])
    op.create_index(op.f("ix_attempt_window_until"), "attempt_window", ["until"])
