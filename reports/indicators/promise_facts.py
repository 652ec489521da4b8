"""The promises to customers that were met or broken, as a relation in SQL.

A promise is broken at the instant at which its step of 100 percent fires, whether it is kept later or never; so one
that is broken and still open counts. It is met when a move in time told the customer. A breach counts once, at the
timer of which the step fired: the timer that another case inherited is not broken again.
"""

from collections.abc import Collection, Iterator

from engine.retired_names import recorded_as
from engine.rules.indicator_queries import promised_clauses
from reports.indicators.case_facts import BY
from reports.indicators.record_at import RecordAt, listed
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Clause, Lifecycle

PROMISES = """
SELECT k.case_id, coalesce(b.due_at, l.occurred_at, {closed_at}) AS at, 1 AS promises_judged,
       CASE WHEN b.due_at IS NULL AND (l.timer_id IS NOT NULL OR k.outcome = 'met') THEN 1 ELSE 0 END AS promises_met
       {clause}{person}{attributes}
  FROM timer k JOIN cases c ON c.id = k.case_id
  {closing} LEFT JOIN ({lost}) l ON l.timer_id = k.id
  LEFT JOIN (SELECT s.timer_id, min(s.due_at) AS due_at FROM escalation_step s
              WHERE s.percent >= 100 AND s.recorded_at <= :as_of{of_step} GROUP BY s.timer_id) b ON b.timer_id = k.id
 WHERE ({promised}){of_timer}
   AND (b.due_at IS NOT NULL OR l.timer_id IS NOT NULL OR ({closed} IS NOT NULL AND (
        k.outcome = 'met' OR (k.outcome = 'breached' AND k.steps_before = 0))))
"""
# The move that ended a timer says who made it, and whether it had been recorded by the instant.
CLOSING = "LEFT JOIN transition x ON x.case_id = k.case_id AND x.seq = k.closed_by AND x.recorded_at <= :as_of"
NONE_LOST = "SELECT 0 AS timer_id, 0 AS occurred_at, 0 AS actor_id WHERE FALSE"
# See Note [Lost meetings] in reports/indicators/record_at.py. The first message after which the timer was met counts.
LOST = """
SELECT f.timer_id, t.occurred_at, t.actor_id
  FROM (SELECT k.id AS timer_id, k.case_id, min(s.seq) AS seq
          FROM transition u JOIN transition s ON s.case_id = u.case_id AND s.seq = {message}
          JOIN cases c ON c.id = u.case_id JOIN timer k ON k.case_id = u.case_id
         WHERE u.move IN ({undelivered}) AND u.recorded_at > :as_of AND s.recorded_at <= :as_of
           AND (k.closed_by IS NULL OR k.closed_by > u.seq) AND k.opened_at <= s.occurred_at AND ({meets}){of_message}
         GROUP BY k.id, k.case_id) f
  JOIN transition t ON t.case_id = f.case_id AND t.seq = f.seq
"""


def promises(record: RecordAt, wanted: Collection[str]) -> str:
    """Return the relation of the promises that were met or broken, with the wanted attributes."""
    by_move = record.moved_since or "person" in wanted
    return PROMISES.format(
        closing=CLOSING if by_move else "", closed_at="x.occurred_at" if by_move else "k.closed_at",
        closed="x.seq" if by_move else "k.closed_by", lost=lost_meetings(record), promised=" OR ".join(_promised()),
        clause=f", {_current_clause()} AS clause" if "clause" in wanted else "",
        person=BY.format(actor="coalesce(l.actor_id, x.actor_id)") if "person" in wanted else "",
        attributes=record.attributes(wanted), of_timer=record.among("k.case_id"), of_step=record.among("s.case_id"),
    )  # fmt: skip


def lost_meetings(record: RecordAt) -> str:
    """Return the relation of the timers that were met at the instant and run again by what was recorded later.

    See Note [Lost meetings]. A row has the timer, and when and by whom the message was sent that met it.
    """
    if not record.moved_since:
        return NONE_LOST
    return LOST.format(
        message=record.number("u.form", "message"), undelivered=recorded_as("move", "message_undelivered"),
        meets=" OR ".join(_meets(record)), of_message=record.among("u.case_id"),
    )  # fmt: skip


def _promised() -> Iterator[str]:
    """Yield, for each kind, the condition that timer ``k`` is a promise to a customer."""
    for kind, table in lifecycles().items():
        if names := [name for clause in promised_clauses(table) for name in table.resolver.names("clause", clause)]:
            yield f"(c.kind = '{kind}' AND k.clause IN ({listed(names)}))"


def _meets(record: RecordAt) -> Iterator[str]:
    """Yield, for each promise, the condition that transition ``s`` meets timer ``k``."""
    for kind, table in lifecycles().items():
        for clause in table.clauses:
            if clause.answers and clause.met_by:
                yield f"(c.kind = '{kind}' AND {_met_by(record, table, clause)})"


def _met_by(record: RecordAt, table: Lifecycle, clause: Clause) -> str:
    names = listed(table.resolver.names("clause", clause.name))
    condition = f"k.clause IN ({names}) AND s.move IN ({recorded_as('move', *clause.met_by)})"
    if clause.occurrence_field:
        condition += f" AND {record.number('s.form', clause.occurrence_field)} = k.occurrence"
    return condition


def _current_clause() -> str:
    """Return the clause of timer ``k`` under the name of today."""
    tables = lifecycles().values()
    retired = {
        old: clause.name
        for table in tables
        for clause in table.clauses
        for old in table.resolver.names("clause", clause.name)[1:]
    }
    whens = " ".join(f"WHEN '{old}' THEN '{new}'" for old, new in sorted(retired.items()))
    return f"CASE k.clause {whens} ELSE k.clause END" if whens else "k.clause"
