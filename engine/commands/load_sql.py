"""The statements that load cases, for both databases: what a move needs to know is read by these and no others."""

from functools import cache

from engine.actors import COLUMNS as ACTOR_COLUMNS
from engine.ledger.record import COLUMNS, NAMES
from engine.timers import timer as timing

LOCK = "SELECT id FROM cases WHERE number = ANY(:numbers) ORDER BY id FOR NO KEY UPDATE"
NEWEST = "SELECT max(id) AS newest, (SELECT at FROM anchor ORDER BY id DESC LIMIT 1) AS anchored FROM edition"
"""The newest edition, and the last anchor: an entry dated before it would look like one that was inserted later."""
HONOURED = """
SELECT k.key AS honoured_key, k.request_hash AS honoured_hash, c.number AS honoured_number, t.seq AS honoured_seq,
       t.dest AS honoured_dest, t.level AS honoured_level
  FROM idempotency_key k JOIN transition t ON t.case_id = k.case_id AND t.seq = k.seq JOIN cases c ON c.id = k.case_id
"""
HONOURED_ONE = f"{HONOURED} WHERE k.key = :key"
HONOURED_MANY = f"{HONOURED} WHERE k.key = ANY(:keys)"
_ACTOR = ", ".join(f"a.{name} AS actor_{name}" for name in ACTOR_COLUMNS.split(", "))
ACTORS = f"SELECT {_ACTOR} FROM actor a WHERE a.handle = ANY(:handles)"
_ADDRESSED = "EXISTS (SELECT 1 FROM party p WHERE p.id = {cases}.party_id AND p.email IS NOT NULL)"
CASES_BY_NUMBER = f"""
SELECT {COLUMNS}, {_ADDRESSED.format(cases="cases")} AS addressed FROM cases WHERE number = ANY(:numbers) ORDER BY id
"""
CASES_BY_ID = f"SELECT {COLUMNS} FROM cases WHERE id = ANY(:ids) ORDER BY id"
WAIT, SKIP = " FOR NO KEY UPDATE", " FOR NO KEY UPDATE SKIP LOCKED"
_TIMER = ", ".join(f"o.{name} AS timer_{name}" for name in timing.COLUMNS)
TIMERS = f"SELECT {_TIMER} FROM timer o WHERE o.case_id = ANY(:ids) AND o.closed_at IS NULL ORDER BY o.id"
# The timers that are due, and those that the case's next move would end because its table has changed since.
DUE_TIMERS = f"""
SELECT {_TIMER} FROM timer o JOIN cases c ON c.id = o.case_id WHERE o.case_id = ANY(:ids) AND o.closed_at IS NULL
   AND (o.fires_at <= :at OR NOT c.kind || ' ' || c.state || ' ' || o.clause = ANY(:settled)) ORDER BY o.id
"""
DONE = """
SELECT DISTINCT t.case_id, t.move, a.handle FROM transition t JOIN actor a ON a.id = t.actor_id
 WHERE t.case_id = ANY(:ids)
"""
LATER_MOVES = """
SELECT t.case_id, t.seq, t.move, t.form, a.handle FROM transition t JOIN actor a ON a.id = t.actor_id
 WHERE t.case_id = ANY(:ids) AND t.seq > :since ORDER BY t.case_id, t.seq
"""
HISTORY = "SELECT case_id, dest, occurred_at FROM transition WHERE case_id = ANY(:ids) ORDER BY case_id, seq"
OCCURRENCES = """
SELECT case_id, clause, cycle, max(occurrence) AS last FROM timer WHERE case_id = ANY(:ids)
 GROUP BY case_id, clause, cycle
"""
SPENT_PARTS = """
SELECT case_id, clause, cycle, part, unit, consumed, extended, steps_fired, level FROM timer
 WHERE case_id = ANY(:ids) AND part IS NOT NULL AND outcome = 'handed_over' ORDER BY id
"""
LAST_VERSIONS = """
SELECT c.id, c.kind, t.lifecycle FROM cases c JOIN transition t ON t.case_id = c.id AND t.seq = c.version
 WHERE c.id = ANY(:ids)
"""
NUMBERS = "SELECT case_id, clause, cycle, occurrence FROM timer WHERE case_id = ANY(:ids)"

# One row for each open timer, or one if there is none; each of them repeats the case, the actor and the honoured key.
_ONE = f"""
SELECT e.newest, e.anchored, {", ".join(f"c.{name}" for name in NAMES)}, {_TIMER}, h.*,
       {_ACTOR}, {{done}} AS done, {{addressed}} AS addressed
  FROM ({NEWEST}) e LEFT JOIN cases c ON c.number = :number LEFT JOIN actor a ON a.handle = :actor
  LEFT JOIN timer o ON o.case_id = c.id AND o.closed_at IS NULL LEFT JOIN ({HONOURED_ONE}) h ON TRUE
 ORDER BY o.id
"""
_DONE = """
(SELECT {listed}(DISTINCT t.move || ' ' || a.handle) FROM transition t JOIN actor a ON a.id = t.actor_id
  WHERE t.case_id = c.id)
"""


@cache
def one(postgres: bool, done: bool, addressed: bool) -> str:
    """Return the question for a lone command.

    ``done`` asks also who made which moves of the case, ``addressed`` whether its customer has an e-mail address.
    """
    listed = _DONE.format(listed="json_agg" if postgres else "json_group_array")
    return _ONE.format(done=listed if done else "NULL", addressed=_ADDRESSED.format(cases="c") if addressed else "NULL")
