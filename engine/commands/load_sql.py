"""The statements that load cases and what forms need, for both databases: a move reads by these and no others."""

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

# What the fields of a form need; see ``form_facts.py``.
MAKERS = """
SELECT c.kind, t.move, a.handle FROM transition t JOIN cases c ON c.id = t.case_id JOIN actor a ON a.id = t.actor_id
 WHERE c.number = :number ORDER BY t.seq
"""
EARLIER_WORDS = """
SELECT s.content FROM transition t JOIN statement s ON s.case_id = t.case_id AND s.seq = t.seq AND s.field = :field
 WHERE t.case_id = :id AND t.move = :move AND s.content IS NOT NULL ORDER BY t.seq DESC LIMIT 1
"""
# An attachment lasts if a move of the case names it, or may still name it.
ATTACHMENTS = """
SELECT a.id, a.case_id, a.digest, a.erased_at, a.uploaded_at >= :oldest OR EXISTS (
           SELECT 1 FROM transition t WHERE t.case_id = :case_id AND replace(t.form, a.id, '') <> t.form) AS lasts
  FROM attachment a WHERE a.id = ANY(:ids)
"""
CUSTOMERS = """
SELECT c.number, coalesce(p.person_id, p.id) AS person FROM cases c LEFT JOIN party p ON p.id = c.party_id
 WHERE c.number = ANY(:numbers)
"""
HANDED_ON = f"""
SELECT {", ".join(f"t.{name}" for name in timing.COLUMNS)} FROM timer t JOIN cases c ON c.id = t.case_id
 WHERE c.number = :number AND t.outcome = 'handed_on' ORDER BY t.id
"""
LAST_OUTCOME = """
SELECT closed_at, outcome FROM timer
 WHERE case_id = :id AND clause = :clause AND occurrence = :occurrence ORDER BY cycle DESC, id DESC LIMIT 1
"""
ADDRESS = """
SELECT 1 AS one FROM cases c JOIN party p ON p.id = c.party_id WHERE c.number = :number AND p.email IS NOT NULL
"""
MESSAGE = "SELECT seq, move, form, occurred_at FROM transition WHERE case_id = :id AND seq = :seq"
AFTER_MESSAGE = "SELECT seq, move, form FROM transition WHERE case_id = :id AND seq > :seq"
MET_SINCE = f"""
SELECT {", ".join(timing.COLUMNS)} FROM timer
 WHERE case_id = :id AND closed_by >= :seq AND outcome IN ('met', 'breached') ORDER BY id
"""
THE_END = """
SELECT seq, form FROM transition WHERE case_id = :id AND source <> dest AND move <> :carried_over
 ORDER BY seq DESC LIMIT 1
"""
ENDED_BY = f"""
SELECT {", ".join(timing.COLUMNS)} FROM timer
 WHERE case_id = :id AND closed_by = :seq AND outcome IN ('stopped', 'handed_on') ORDER BY id
"""
MET_IN = """
SELECT t.clause, t.opened_at FROM timer t JOIN cases c ON c.id = t.case_id
 WHERE c.number = :number AND t.outcome IN ('met', 'breached') AND t.closed_at <= :until
"""

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
