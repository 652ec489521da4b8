"""The regulator's pack: every complaint of a period with its times, results and appeals, and the statistics (F1, B7).

All is read as of one instant from the facts of the indicators, so that what the rows add up to is the indicator.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.access.condition import Condition
from engine.retired_names import recorded_as
from engine.rules.in_force import Rules
from engine.rules.indicator_definition import Indicator
from engine.rules.indicator_queries import Facts
from engine.transaction import Tx
from reports.indicators.cells import Reader
from reports.indicators.definitions import in_force
from reports.indicators.figures import Figure, figures, spans_of
from reports.indicators.periods import Period
from statemachines.appeal import APPEAL
from statemachines.complaint import COMPLAINT
from statemachines.refused import Refused

ATTRIBUTES = ("channel", "customer_type", "severity", "category", "department", "cause")
PROMISED = ("first_reply", "solution")
"""The promises of which a row says when they were met or broken."""
ONLY = {"kind": [COMPLAINT.kind]}
"""The filter by which an indicator counts complaints alone."""

COMPLAINTS = """
SELECT c.id, c.number, c.opened_at, coalesce(w.person_id, w.id) AS party, w.name,
       (SELECT s.dest FROM transition s WHERE s.case_id = c.id AND s.recorded_at <= :as_of
         ORDER BY s.seq DESC LIMIT 1) AS state{attributes}
  FROM cases c LEFT JOIN party w ON w.id = c.party_id WHERE c.id = ANY(:ids) ORDER BY c.opened_at, c.id
"""
FACTS = "SELECT f.* FROM ({relation}) f WHERE f.case_id = ANY(:ids) ORDER BY f.case_id, f.at"
APPEALS = """
SELECT c.number, c.opened_at, {about} AS about,
       (SELECT s.dest FROM transition s WHERE s.case_id = c.id AND s.recorded_at <= :as_of
         ORDER BY s.seq DESC LIMIT 1) AS state,
       (SELECT s.move FROM transition s WHERE s.case_id = c.id AND s.recorded_at <= :as_of AND s.move IN ({decided})
         ORDER BY s.seq DESC LIMIT 1) AS decision,
       (SELECT s.occurred_at FROM transition s WHERE s.case_id = c.id AND s.recorded_at <= :as_of
           AND s.move IN ({decided}) ORDER BY s.seq DESC LIMIT 1) AS decided_at
  FROM cases c JOIN transition o ON o.case_id = c.id AND o.seq = 1
 WHERE c.kind = :kind AND c.opened_at >= :begin AND c.opened_at < :end AND o.recorded_at <= :as_of AND ({scope})
 ORDER BY c.id
"""


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A complaint as of the instant, and its facts of each kind in order; instants in microseconds."""

    row: Any
    received: bool
    """Whether it was received in the period; else another fact of it was counted in it."""
    facts: Mapping[Facts, Sequence[Any]]

    def first(self, facts: Facts, column: str) -> Any | None:
        """Return the first fact of a kind that counts in a column; None where there is none."""
        return next((fact for fact in self.facts.get(facts, ()) if getattr(fact, column)), None)

    def last(self, facts: Facts, column: str) -> Any | None:
        """Return the last such fact."""
        return next((fact for fact in reversed(self.facts.get(facts, ())) if getattr(fact, column)), None)

    def promise(self, clause: str) -> Any | None:
        """Return when a promise was first met or broken, and which; None while it is open or not given."""
        return next((fact for fact in self.facts.get(Facts.PROMISES, ()) if fact.clause == clause), None)


@dataclass(frozen=True, slots=True)
class Counted:
    """What each case counts in one side of an indicator in the period, by its key: number of facts, and their sum."""

    indicator: Indicator
    side: str
    by_case: Mapping[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class RegulatorPack:
    """The pack of a period as of an instant, in microseconds."""

    period: Period
    as_of: int
    statistics: Sequence[tuple[Indicator, Figure]]
    complaints: Sequence[CaseFacts]
    counted: Sequence[Counted]
    appeals: Sequence[Any]


def gather(tx: Tx, rules: Rules, period: Period, as_of: int, scope: Condition, most: int) -> RegulatorPack:
    """Gather the pack; of the appeals those within the scope.

    Raises ``Refused('pack_too_long')`` if more than ``most`` complaints were received in the period.
    """
    indicators = list(in_force(rules, period, as_of).values())
    reader = Reader.at(tx, rules, as_of)
    [span] = spans_of(indicators[0], [period])
    received = {row.case_id for row in reader.by_case("cases_opened", span, ONLY, "TRUE", {})}
    if len(received) > most:
        raise Refused("pack_too_long", count=len(received), most=most)
    found = figures(tx, rules, indicators, [period], as_of)
    statistics = [(indicator, found[indicator.name][0]) for indicator in indicators]
    counted = [each for indicator in indicators for each in _counted(reader, indicator, period)]
    ids = sorted(received.union(*(each.by_case for each in counted)))
    appeals = _appeals(reader, span, scope)
    return RegulatorPack(period, as_of, statistics, _complaints(reader, ids, received), counted, appeals)


def _counted(reader: Reader, indicator: Indicator, period: Period) -> list[Counted]:
    """Return what cases count on each side of an indicator that counts complaints alone."""
    [span] = spans_of(indicator, [period])
    found: list[Counted] = []
    for name, side in indicator.sides.items():
        filters = indicator.filters_of(side)
        if list(filters.get("kind", ())) == ONLY["kind"]:
            rows = reader.by_case(side.query, span, filters, "TRUE", {})
            found.append(Counted(indicator, name, {row.case_id: (row.facts, int(row.total or 0)) for row in rows}))
    return found


def _complaints(reader: Reader, ids: Sequence[int], received: Collection[int]) -> list[CaseFacts]:
    sql = COMPLAINTS.format(attributes=reader.record.attributes(ATTRIBUTES))
    rows = reader.tx.rows_among(sql, ids=list(ids), as_of=reader.as_of)
    wanted = {Facts.PROMISES: ("clause",), Facts.RESULTS: ("person",)}
    shown = (Facts.PROMISES, Facts.RESULTS, Facts.ANSWERS, Facts.ENDINGS, Facts.COMPENSATIONS)
    facts: defaultdict[int, dict[Facts, list[Any]]] = defaultdict(dict)
    for sort in shown:
        relation = FACTS.format(relation=reader.relation(sort, wanted.get(sort, ())))
        for fact in reader.tx.rows_among(relation, ids=list(ids), as_of=reader.as_of):
            facts[fact.case_id].setdefault(sort, []).append(fact)
    return [CaseFacts(row, row.id in received, facts[row.id]) for row in rows]


def _appeals(reader: Reader, span: tuple[int, int], scope: Condition) -> list[Any]:
    about = reader.record.latest("about", ["take_up"])
    sql = APPEALS.format(
        about=about, decided=recorded_as("move", "uphold_appeal", "dismiss_appeal", "refuse"), scope=scope.sql
    )
    values = {"kind": APPEAL.kind, "begin": span[0], "end": span[1], "as_of": reader.as_of}
    return reader.tx.rows(sql, **values, **scope.values)
