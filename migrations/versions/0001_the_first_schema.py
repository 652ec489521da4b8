"""Create the first schema: the tables of the first release that keeps its data through upgrades."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.column_types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
INSTANT = models.column_types.Instant
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Erasing a text erases its fingerprint. On SQLite, a later migration that recreates the table ``statement`` must
# recreate the trigger; a test fails if it does not.
SQLITE_TRIGGER = (
    """
CREATE TRIGGER erase_fingerprint AFTER UPDATE OF content ON statement
  WHEN NEW.content IS NULL AND NEW.seq = 1 AND NEW.field = 'text'
BEGIN DELETE FROM fingerprint WHERE case_id = NEW.case_id; END
""",
)
POSTGRES_TRIGGER = (
    """
CREATE FUNCTION erase_fingerprint() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN DELETE FROM fingerprint WHERE case_id = NEW.case_id; RETURN NULL; END $$
""",
    """
CREATE TRIGGER erase_fingerprint AFTER UPDATE OF content ON statement FOR EACH ROW
  WHEN (NEW.content IS NULL AND NEW.seq = 1 AND NEW.field = 'text') EXECUTE FUNCTION erase_fingerprint()
""",
)


def upgrade() -> None:
    op.create_table(
        "actor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handle", TEXT(), nullable=False),
        sa.Column("roles", TEXT(), nullable=False),
        sa.Column("department", TEXT(), nullable=True),
        sa.Column("boss", TEXT(), nullable=True),
        sa.Column("locale", TEXT(), nullable=False),
        sa.Column("email", TEXT(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("handle"),
    )
    op.create_table(
        "anchor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("root", TEXT(), nullable=False),
        sa.Column("signature", TEXT(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("before", TEXT(), nullable=True),
        sa.Column("key", TEXT(), nullable=True),
        sa.Column("reason", TEXT(), server_default="", nullable=False),
        sa.Column("begun_by", TEXT(), server_default="", nullable=False),
        sa.Column("published", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("line", name="uq_anchor_line"),
    )
    op.create_table(
        "arrival",
        sa.Column("source", TEXT(), nullable=False),
        sa.Column("row_id", TEXT(), nullable=False),
        sa.Column("part", TEXT(), nullable=False),
        sa.Column("kind", TEXT(), nullable=False),
        sa.Column("pack", TEXT(), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.Column("digest", TEXT(), nullable=False),
        sa.Column("payload", TEXT(), nullable=True),
        sa.Column("processed_at", INSTANT(), nullable=True),
        sa.Column("case_id", BIG, nullable=True),
        sa.Column("refusal", TEXT(), nullable=True),
        sa.PrimaryKeyConstraint("source", "row_id", "part"),
    )
    with op.batch_alter_table("arrival") as batch:
        batch.create_index(
            "ix_arrival_refused",
            ["case_id"],
            unique=False,
            sqlite_where=sa.text("refusal IS NOT NULL"),
            postgresql_where=sa.text("refusal IS NOT NULL"),
        )
        batch.create_index(
            "ix_arrival_waiting",
            ["at"],
            unique=False,
            sqlite_where=sa.text("processed_at IS NULL"),
            postgresql_where=sa.text("processed_at IS NULL"),
        )

    op.create_table(
        "lease",
        sa.Column("name", TEXT(), nullable=False),
        sa.Column("owner", TEXT(), nullable=False),
        sa.Column("seen_at", INSTANT(), nullable=False),
        sa.Column("until", INSTANT(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "party",
        sa.Column("id", BIG, nullable=False),
        sa.Column("identity", TEXT(), nullable=True),
        sa.Column("name", TEXT(), nullable=True),
        sa.Column("phone", TEXT(), nullable=True),
        sa.Column("email", TEXT(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("identity"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flow", TEXT(), nullable=False),
        sa.Column("began_at", INSTANT(), nullable=False),
        sa.Column("ended_at", INSTANT(), nullable=False),
        sa.Column("observed", sa.Boolean(), nullable=False),
        sa.Column("did", sa.Integer(), nullable=False),
        sa.Column("note", TEXT(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("run") as batch:
        batch.create_index("ix_run_ended", ["ended_at"], unique=False)
        batch.create_index("ix_run_flow", ["flow", "began_at"], unique=False)

    op.create_table(
        "store_info",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("made_at", INSTANT(), nullable=False),
        sa.Column("simulated_at", INSTANT(), nullable=True),
        sa.Column("secret_check", TEXT(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "cases",
        sa.Column("id", BIG, nullable=False),
        sa.Column("number", TEXT(), nullable=False),
        sa.Column("kind", TEXT(), nullable=False),
        sa.Column("pack", TEXT(), nullable=False),
        sa.Column("state", TEXT(), nullable=False),
        sa.Column("previous_state", TEXT(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("head", TEXT(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("category", TEXT(), nullable=True),
        sa.Column("severity", TEXT(), nullable=True),
        sa.Column("department", TEXT(), nullable=True),
        sa.Column("owner", TEXT(), nullable=True),
        sa.Column("variables", TEXT(), server_default="{}", nullable=False),
        sa.Column("channel", TEXT(), nullable=False),
        sa.Column("customer_type", TEXT(), nullable=True),
        sa.Column("shipment", TEXT(), nullable=True),
        sa.Column("party_id", BIG, nullable=True),
        sa.Column("opened_at", INSTANT(), nullable=False),
        sa.Column("changed_at", INSTANT(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    with op.batch_alter_table("cases") as batch:
        batch.create_index(
            "ix_cases_board",
            ["state", "id"],
            unique=False,
            sqlite_where=sa.text("NOT closed"),
            postgresql_where=sa.text("NOT closed"),
        )
        batch.create_index("ix_cases_party", ["party_id"], unique=False)
        batch.create_index(
            "ix_cases_shipment",
            ["shipment"],
            unique=False,
            sqlite_where=sa.text("shipment IS NOT NULL"),
            postgresql_where=sa.text("shipment IS NOT NULL"),
        )

    op.create_table(
        "edition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sort", TEXT(), nullable=False),
        sa.Column("name", TEXT(), nullable=False),
        sa.Column("version", TEXT(), nullable=False),
        sa.Column("content", TEXT(), nullable=False),
        sa.Column("effective_from", INSTANT(), nullable=False),
        sa.Column("published_at", INSTANT(), nullable=False),
        sa.Column("published_by", sa.Integer(), nullable=False),
        sa.Column("reason", TEXT(), nullable=False),
        sa.Column("projected_at", INSTANT(), nullable=True),
        sa.ForeignKeyConstraint(["published_by"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("edition") as batch:
        batch.create_index("ix_edition_name", ["sort", "name", "effective_from"], unique=False)

    op.create_table(
        "lifecycle_version",
        sa.Column("kind", TEXT(), nullable=False),
        sa.Column("version", TEXT(), nullable=False),
        sa.Column("recorded_at", INSTANT(), nullable=False),
        sa.Column("document", TEXT(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "version"),
    )
    op.create_table(
        "hold",
        sa.Column("kind", TEXT(), nullable=False),
        sa.Column("since", INSTANT(), nullable=False),
        sa.Column("held_by", sa.Integer(), nullable=False),
        sa.Column("reason", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(["held_by"], ["actor.id"]),
        sa.PrimaryKeyConstraint("kind"),
    )
    op.create_table(
        "interpretation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pack", TEXT(), nullable=False),
        sa.Column("clause", TEXT(), nullable=False),
        sa.Column("content", TEXT(), nullable=False),
        sa.Column("recorded_at", INSTANT(), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["recorded_by"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "one_time_code",
        sa.Column("id", BIG, nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("purpose", TEXT(), nullable=False),
        sa.Column("code", TEXT(), nullable=False),
        sa.Column("made_at", INSTANT(), nullable=False),
        sa.Column("until", INSTANT(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", INSTANT(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("one_time_code") as batch:
        batch.create_index("ix_one_time_code_actor_id", ["actor_id"], unique=False)

    op.create_table(
        "callback",
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("planned_at", INSTANT(), nullable=False),
        sa.Column("owner", TEXT(), nullable=True),
        sa.Column("done_at", INSTANT(), nullable=True),
        sa.Column("outcome", TEXT(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id", "cycle", "attempt"),
    )
    with op.batch_alter_table("callback") as batch:
        batch.create_index(
            "ix_callback_open",
            ["planned_at"],
            unique=False,
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        )

    op.create_table(
        "delivery",
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("reaction", TEXT(), nullable=False),
        sa.Column("status", TEXT(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", INSTANT(), nullable=False),
        sa.Column("lease_owner", TEXT(), nullable=True),
        sa.Column("error", TEXT(), nullable=True),
        sa.Column("done_at", INSTANT(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id", "seq", "reaction"),
    )
    with op.batch_alter_table("delivery") as batch:
        batch.create_index(
            "ix_delivery_dead",
            ["status"],
            unique=False,
            sqlite_where=sa.text("status = 'dead'"),
            postgresql_where=sa.text("status = 'dead'"),
        )
        batch.create_index(
            "ix_delivery_next",
            ["next_at"],
            unique=False,
            sqlite_where=sa.text("status IN ('waiting', 'leased')"),
            postgresql_where=sa.text("status IN ('waiting', 'leased')"),
        )

    op.create_table(
        "fingerprint",
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("a", sa.BigInteger(), nullable=True),
        sa.Column("b", sa.BigInteger(), nullable=True),
        sa.Column("c", sa.BigInteger(), nullable=True),
        sa.Column("d", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id"),
    )
    with op.batch_alter_table("fingerprint") as batch:
        batch.create_index("ix_fingerprint_a", ["a"], unique=False)
        batch.create_index("ix_fingerprint_b", ["b"], unique=False)
        batch.create_index("ix_fingerprint_c", ["c"], unique=False)
        batch.create_index("ix_fingerprint_d", ["d"], unique=False)

    op.create_table(
        "idempotency_key",
        sa.Column("key", TEXT(), nullable=False),
        sa.Column("request_hash", TEXT(), nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "link",
        sa.Column("parent_id", BIG, nullable=False),
        sa.Column("child_id", BIG, nullable=False),
        sa.Column("relation", TEXT(), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["parent_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("parent_id", "child_id", "relation"),
    )
    with op.batch_alter_table("link") as batch:
        batch.create_index("ix_link_child_id", ["child_id"], unique=False)

    op.create_table(
        "outbox_event",
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id", "seq"),
    )
    op.create_table(
        "parked",
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("work", TEXT(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", INSTANT(), nullable=True),
        sa.Column("reason", TEXT(), nullable=False),
        sa.Column("reported_at", INSTANT(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id", "work"),
    )
    op.create_table(
        "rating",
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("questionnaire", TEXT(), nullable=False),
        sa.Column("version", TEXT(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("at", INSTANT(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id", "cycle"),
    )
    op.create_table(
        "statement",
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("field", TEXT(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("content", TEXT(), nullable=True),
        sa.Column("erased_at", INSTANT(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id", "seq", "field"),
    )
    op.create_table(
        "timer",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("clause", TEXT(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("occurrence", sa.Integer(), server_default="1", nullable=False),
        sa.Column("policy", TEXT(), nullable=False),
        sa.Column("calendar", TEXT(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("unit", TEXT(), nullable=False),
        sa.Column("allowance", BIG, nullable=False),
        sa.Column("consumed", BIG, nullable=False),
        sa.Column("extended", BIG, server_default="0", nullable=False),
        sa.Column("opened_at", INSTANT(), nullable=False),
        sa.Column("running_since", INSTANT(), nullable=True),
        sa.Column("fires_at", INSTANT(), nullable=True),
        sa.Column("steps_fired", sa.Integer(), nullable=False),
        sa.Column("steps_before", sa.Integer(), server_default="0", nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("closed_at", INSTANT(), nullable=True),
        sa.Column("outcome", TEXT(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("case_id", "clause", "cycle", "occurrence", name="uq_timer_occurrence"),
    )
    with op.batch_alter_table("timer") as batch:
        batch.create_index(
            "ix_timer_due",
            ["fires_at"],
            unique=False,
            sqlite_where=sa.text("fires_at IS NOT NULL"),
            postgresql_where=sa.text("fires_at IS NOT NULL"),
        )

    op.create_table(
        "transition",
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("move", TEXT(), nullable=False),
        sa.Column("source", TEXT(), nullable=False),
        sa.Column("dest", TEXT(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("via", TEXT(), nullable=False),
        sa.Column("occurred_at", INSTANT(), nullable=False),
        sa.Column("recorded_at", INSTANT(), nullable=False),
        sa.Column("inferred", sa.Boolean(), nullable=False),
        sa.Column("lifecycle", TEXT(), nullable=False),
        sa.Column("form", TEXT(), nullable=False),
        sa.Column("hash", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id", "seq"),
    )
    with op.batch_alter_table("transition") as batch:
        batch.create_index(
            "ix_transition_resolved",
            ["case_id", "occurred_at"],
            unique=False,
            sqlite_where=sa.text("move = 'resolve'"),
            postgresql_where=sa.text("move = 'resolve'"),
        )

    op.create_table(
        "escalation_step",
        sa.Column("timer_id", BIG, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("clause", TEXT(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("due_at", INSTANT(), nullable=False),
        sa.Column("recorded_at", INSTANT(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["timer_id"], ["timer.id"]),
        sa.PrimaryKeyConstraint("timer_id", "step"),
    )
    with op.batch_alter_table("escalation_step") as batch:
        batch.create_index("ix_escalation_step_case", ["case_id"], unique=False)
        batch.create_index("ix_escalation_step_recorded", ["recorded_at"], unique=False)
    for statement in POSTGRES_TRIGGER if op.get_bind().dialect.name == "postgresql" else SQLITE_TRIGGER:
        op.execute(statement)
