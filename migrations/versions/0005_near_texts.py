"""fingerprints: which cases were opened with nearly the same words"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LANES = ("a", "b", "c", "d")

# Whoever erases what was said must not have to think of this. On SQLite a later migration that makes the table
# statement anew (batch_alter_table may) has to make the trigger anew, too; a test tells.
SQLITE = """
CREATE TRIGGER erase_fingerprint AFTER UPDATE OF content ON statement
  WHEN NEW.content IS NULL AND NEW.seq = 1 AND NEW.field = 'text'
BEGIN DELETE FROM fingerprint WHERE case_id = NEW.case_id; END
"""
POSTGRES = (
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
        "fingerprint",
        sa.Column("case_id", BIG, sa.ForeignKey("cases.id"), primary_key=True),
        *(sa.Column(lane, sa.BigInteger(), nullable=True) for lane in LANES),
    )
    for lane in LANES:
        op.create_index(f"ix_fingerprint_{lane}", "fingerprint", [lane])
    for statement in POSTGRES if op.get_bind().dialect.name == "postgresql" else (SQLITE,):
        op.execute(statement)
