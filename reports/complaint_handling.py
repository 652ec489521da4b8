"""How complaints were handled in a period: SLA timers, rounds, customers' answers, durations (B7)."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Any

from engine.retired_names import recorded_as
from engine.transaction import Tx
from locales.shares import share_number
from reports.current_names import clause_of
from reports.indicators.promise_facts import lost_meetings
from reports.indicators.record_at import record_at
from reports.run_figures import HOUR
from statemachines.complaint import UNSATISFIED_ENDS
from statemachines.kinds import lifecycle_of

TIMERS = """
SELECT d.clause, d.outcome, count(*) AS n
  FROM (SELECT k.clause, k.outcome FROM timer k JOIN cases c ON c.id = k.case_id
          JOIN transition x ON x.case_id = k.case_id AND x.seq = k.closed_by
         WHERE c.kind = :kind AND k.closed_at >= :begin AND k.closed_at < :end AND k.outcome IN ('met', 'breached')
           AND x.recorded_at <= :as_of
         UNION ALL
        SELECT k.clause, CASE WHEN EXISTS (SELECT 1 FROM escalation_step s WHERE s.timer_id = k.id AND s.percent >= 100
                                              AND s.recorded_at <= :as_of) THEN 'breached' ELSE 'met' END
          FROM ({lost}) l JOIN timer k ON k.id = l.timer_id JOIN cases c ON c.id = k.case_id
         WHERE c.kind = :kind AND l.occurred_at >= :begin AND l.occurred_at < :end) d
 GROUP BY d.clause, d.outcome
"""
RESULTS = """
SELECT t.cycle, t.occurred_at - c.opened_at AS took,
       EXISTS (SELECT 1 FROM transition u
                WHERE u.case_id = t.case_id AND u.seq < t.seq AND u.move IN ({resolve})) AS again
  FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE c.kind = :kind AND t.move IN ({resolve}) AND t.occurred_at >= :begin AND t.occurred_at < :end
   AND t.recorded_at <= :as_of
"""
REOPENED = """
SELECT count(*) AS n FROM transition t JOIN transition p ON p.case_id = t.case_id AND p.seq = t.seq - 1
  JOIN cases c ON c.id = t.case_id
 WHERE c.kind = :kind AND t.occurred_at >= :begin AND t.occurred_at < :end AND t.cycle > 1 AND t.cycle > p.cycle
   AND t.recorded_at <= :as_of
"""
ANSWERS = """
SELECT t.move, t.form FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE c.kind = :kind AND t.move IN ({revisit}) AND t.occurred_at >= :begin AND t.occurred_at < :end
   AND t.recorded_at <= :as_of
"""
UNSATISFIED = """
SELECT count(*) AS n FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE c.kind = :kind AND t.move IN ({ends}) AND t.occurred_at >= :begin AND t.occurred_at < :end
   AND t.recorded_at <= :as_of
"""


@dataclass(frozen=True, slots=True)
class HandlingFigures:
    """How complaints were handled in a month; ``kept`` (met) and ``late`` (breached) count the timers by clause.

    ``results`` counts rounds that ended with a result, ``further`` those of them past the first round, and ``reopened``
    the new rounds that began because a result, of whatever month, was not accepted. ``median`` and ``p90`` are hours
    from the opening to the first result.
    """

    kept: Counter[str]
    late: Counter[str]
    results: int
    further: int
    reopened: int
    answers: Counter[str]
    unsatisfied_ends: int
    median: float | None
    p90: float | None

    @property
    def reopened_percent(self) -> float | None:
        """New rounds per hundred results; None if there was no result."""
        return share_number(self.reopened, self.results, digits=1)


def handling(tx: Tx, span: dict[str, Any]) -> HandlingFigures:
    """Return the figures of a period; ``span`` holds the parameters kind, begin, end and as_of of every query here."""
    timers = tx.rows(TIMERS.format(lost=lost_meetings(record_at(tx, span["as_of"]))), **span)
    answers = tx.rows(ANSWERS.format(revisit=recorded_as("move", "revisit")), **span)
    results = tx.rows(RESULTS.format(resolve=recorded_as("move", "resolve")), **span)
    took = sorted(row.took for row in results if not row.again)
    return HandlingFigures(
        kept=_by_clause(span["kind"], timers, "met"),
        late=_by_clause(span["kind"], timers, "breached"),
        results=len(results),
        further=sum(row.cycle > 1 for row in results),
        reopened=tx.row(REOPENED, **span).n,
        answers=Counter(_outcome(span["kind"], row) for row in answers),
        unsatisfied_ends=tx.row(UNSATISFIED.format(ends=recorded_as("move", *UNSATISFIED_ENDS)), **span).n,
        median=_hours(median(took)) if took else None,
        p90=_hours(took[ceil(len(took) * 0.9) - 1]) if took else None,
    )


def _by_clause(kind: str, rows: Iterable[Any], outcome: str) -> Counter[str]:
    """Count the timers with this outcome by clause; those of a retired clause count for its successor."""
    counted: Counter[str] = Counter()
    for row in rows:
        if row.outcome == outcome:
            counted[clause_of(kind, row.clause)] += row.n
    return counted


def _outcome(kind: str, row: Any) -> str:
    return lifecycle_of(kind).resolved_form(row.move, json.loads(row.form))["outcome"]


def _hours(micros: float) -> float:
    return round(micros / HOUR, 1)
