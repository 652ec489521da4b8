"""Whom each person's customers were asked of: the callbacks made after rounds that went well and badly (E2, F1).

A round went badly where a promise to the customer was broken in it before the result; that is on record whether the
customer is asked or not. It counts once somebody called, or once the window of the callback is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.retired_names import recorded_as
from engine.rules.indicator_definition import Indicator
from engine.rules.indicator_queries import Facts, kinds_with, promised_clauses
from engine.transaction import Tx
from reports.indicators.case_facts import DID
from reports.indicators.figures import spans_of
from reports.indicators.periods import Period
from reports.indicators.record_at import CHANGED, listed, of_kinds
from reports.indicators.statistics import wilson
from statemachines.kinds import lifecycles

ASKING = ("revisit", "attempt", "unreachable")
# A case whose round ended in the period has moved since it began; of the last period these are few.
ROUNDS = """
SELECT p.handle AS person, n.badly, count(*) AS rounds, sum(n.asked) AS asked
  FROM (SELECT r.case_id, r.seq,
               CASE WHEN EXISTS (SELECT 1 FROM transition a WHERE a.case_id = r.case_id AND a.seq > r.seq
                     AND a.move IN ({asking}) AND a.recorded_at <= :as_of AND NOT EXISTS (
                         SELECT 1 FROM transition b WHERE b.case_id = r.case_id AND b.seq > r.seq AND b.seq < a.seq
                            AND b.move IN ({did}))) THEN 1 ELSE 0 END AS asked,
               CASE WHEN EXISTS ({broken} AND s.clause IN ({promised}) AND s.due_at <= r.at) THEN 1 ELSE 0 END AS badly,
               CASE WHEN EXISTS ({broken} AND s.clause IN ({revisit})) THEN 1 ELSE 0 END AS over
          FROM (SELECT t.case_id, t.cycle, max(t.seq) AS seq, max(t.occurred_at) AS at FROM transition t
                 WHERE t.move IN ({did}) AND t.recorded_at <= :as_of AND t.case_id IN ({moved})
                 GROUP BY t.case_id, t.cycle) r
         WHERE r.at >= :begin AND r.at < :end) n
  JOIN cases c ON c.id = n.case_id JOIN transition w ON w.case_id = n.case_id AND w.seq = n.seq
  JOIN actor p ON p.id = w.actor_id
 WHERE (n.asked = 1 OR n.over = 1) AND {kinds} GROUP BY p.handle, n.badly ORDER BY p.handle, n.badly
"""
BROKEN = """
SELECT 1 FROM escalation_step s WHERE s.case_id = r.case_id AND s.cycle = r.cycle AND s.percent >= 100
   AND s.recorded_at <= :as_of
"""


@dataclass(slots=True)
class Asked:
    """Of how many rounds of a person that went well and badly the customer was called."""

    person: str
    well: int = 0
    well_asked: int = 0
    badly: int = 0
    badly_asked: int = 0

    @property
    def selective(self) -> bool:
        """Return whether fewer were asked after what went badly, by more than chance: the 95 % intervals are apart."""
        well, badly = wilson(self.well_asked, self.well), wilson(self.badly_asked, self.badly)
        return well is not None and badly is not None and badly[1] < well[0]


def asked(tx: Tx, indicator: Indicator, period: Period, as_of: int) -> Sequence[Asked]:
    """Return, for each person who gave results in the period, of which rounds the customers were asked."""
    kinds = indicator.filters.get("kind", tuple(kinds_with(Facts.ANSWERS)))
    promised = {name for table in lifecycles().values() for name in promised_clauses(table)} - {"revisit"}
    [(begin, end)] = spans_of(indicator, [period])
    sql = ROUNDS.format(
        asking=recorded_as("move", *ASKING), did=recorded_as("move", *DID), broken=BROKEN, promised=listed(promised),
        revisit=recorded_as("clause", "revisit"), kinds=of_kinds(kinds), moved=CHANGED.format(since="before"),
    )  # fmt: skip
    people: dict[str, Asked] = {}
    for row in tx.rows(sql, as_of=as_of, begin=begin, end=end, before=begin - 1):
        found = people.setdefault(row.person, Asked(row.person))
        if row.badly:
            found.badly, found.badly_asked = row.rounds, int(row.asked)
        else:
            found.well, found.well_asked = row.rounds, int(row.asked)
    return list(people.values())
