"""What is asked of the record so often that its cells are kept from night to night (E2).

A question is kept under the digest of the SQL that counts it. In that SQL stands all by which facts are counted: the
lifecycles with their retired names, the questionnaires and checklists with their dates, and the definitions of this
release. Where one of them is another, the question is another one, and nothing is kept of it until the next night.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from engine.rules.in_force import Rules
from engine.rules.indicator_queries import FILTERS, QUERIES, Facts, Measured
from models.columns import from_micros
from reports.indicators.periods import Period, month_of, trend_to
from reports.indicators.record_at import RecordAt
from reports.indicators.record_cells import Span, relation_of
from statemachines.kinds import kept_with_lifecycles

ALWAYS = frozenset(("pack", "department"))
"""By what every fact is counted besides its filters: whom targets and plans are of (E3)."""
STRATA = ("channel", "customer_type", "severity", "department")
"""By what the answered rounds are compared with all that were called."""
COUNTED = ("rounds_called", "rounds_answered")
MONTHS = 36
"""How many months back cells are kept: three years with their trends."""
DURATIONS = frozenset(name for name, query in QUERIES.items() if query.measured is Measured.DURATION)
"""The queries whose values are kept one by one, each in a question of its own."""


@dataclass(frozen=True, slots=True)
class Question:
    """Facts that are counted by months of a zone and by attributes, with the sums of queries."""

    facts: Facts
    zone: str
    names: tuple[str, ...]
    queries: tuple[str, ...]

    def key(self, rules: Rules, *, postgres: bool) -> str:
        """Return the digest of the SQL that counts it."""
        return _digest(self, rules, postgres)

    def answers(self, names: Collection[str], queries: Collection[str]) -> bool:
        """Return whether its cells hold what is asked by these attributes and queries."""
        if DURATIONS.isdisjoint(queries) is self.of_durations:
            return False
        return set(names) <= set(self.names) and set(queries) <= set(self.queries)

    @property
    def of_durations(self) -> bool:
        """Return whether it asks for the durations one by one, and not for sums."""
        return not DURATIONS.isdisjoint(self.queries)

    def months(self, at: int) -> Sequence[Span]:
        """Return the months that are kept as of an instant, oldest first: of durations, at the end of one, that one."""
        spans = _spans(self.zone, _month_of(self.zone, at))
        return [span for span in spans if span[1] == at] if self.of_durations and begins_month(self.zone, at) else spans


@kept_with_lifecycles(512)
def _digest(question: Question, rules: Rules, postgres: bool) -> str:
    records = (RecordAt(postgres, moved, moved) for moved in (False, True))
    relations = (relation_of(record, rules, question.facts, question.names, question.queries) for record in records)
    text = "\n".join((question.facts, question.zone, *question.names, *question.queries, *relations))
    return hashlib.sha256(text.encode()).hexdigest()


def questions(rules: Rules, at: int) -> Sequence[Question]:
    """Return the questions of the indicators in force at an instant: those of one kind of facts and zone together.

    Each duration is a question of its own.
    """
    return _questions(rules, rules.unchanged_since(at))


@lru_cache(maxsize=64)
def _questions(rules: Rules, at: int) -> Sequence[Question]:
    asked: dict[tuple[str, Facts, str], tuple[set[str], set[str]]] = {}
    for indicator in rules.indicators(at).values():
        for side in indicator.sides.values():
            duration = side.query if side.query in DURATIONS else ""
            names, queries = asked.setdefault((indicator.zone, QUERIES[side.query].facts, duration), (set(), set()))
            names.update(indicator.filters_of(side))
            queries.add(side.query)
    for (_, facts, _), (names, queries) in asked.items():
        names.update(ALWAYS & FILTERS[facts], STRATA if facts is Facts.ANSWERS else ())
        queries.update(COUNTED if facts is Facts.ANSWERS else ())
    return tuple(
        Question(facts, zone, tuple(sorted(names)), tuple(sorted(queries)))
        for (zone, facts, _), (names, queries) in sorted(asked.items())
    )


def month_ends(zone: str, at: int) -> list[int]:
    """Return the instants, up to this one, at which a month of which cells are kept was over; oldest first."""
    return [begin for begin, _ in _spans(zone, _month_of(zone, at))[1:] if begin <= at]


def begins_month(zone: str, at: int) -> bool:
    """Return whether a month begins at an instant in a zone."""
    return _month_of(zone, at).begins(ZoneInfo(zone)) == at


def _month_of(zone: str, at: int) -> Period:
    return month_of(from_micros(at).astimezone(ZoneInfo(zone)).date())


@lru_cache(maxsize=64)
def _spans(zone: str, month: Period) -> Sequence[Span]:
    """Return the months of which cells are kept in a month, oldest first, with the one after it."""
    of_zone = ZoneInfo(zone)
    return tuple((each.begins(of_zone), each.ends(of_zone)) for each in trend_to(month.before(-1), MONTHS))
