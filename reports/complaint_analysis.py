"""The complaint analysis (B7): complaints by cause, cost, recurrences, measures, and how they were handled."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from engine.rules.in_force import rules_in
from engine.rules.indicator_queries import Facts
from engine.store import Store
from engine.transaction import Tx
from locales.zone import reader_zone
from models.columns import from_micros, to_micros
from reports.complaint_causes import cause_and_responsible, cost, judged
from reports.complaint_handling import HandlingFigures, handling
from reports.current_names import state_of
from reports.indicators.case_facts import relation
from reports.indicators.record_at import record_at
from statemachines.complaint import COMPLAINT, MERGED

LOOKED_BACK = 3
"""How many months before its own an analysis searches for the same cause and party (B7)."""
TOP = 5
"""For how many causes it lists the measures taken."""
LISTED = 20
"""How many cases of a recurrence it lists, the latest ones."""
PAGE = 20_000
SUBJECTS = ("category", "severity", "department", "cause", "responsible")
"""By what complaints are counted; the responsible party is that of the determination (B4)."""

# Each page begins after the last one, so the key is read through once, however many cases there are.
CASES = """
SELECT c.id, c.number, c.opened_at, {category} AS category, {severity} AS severity, {department} AS department,
       {judged},
       (SELECT s.dest FROM transition s WHERE s.case_id = c.id AND s.recorded_at <= :as_of
         ORDER BY s.seq DESC LIMIT 1) AS state
  FROM cases c JOIN transition o ON o.case_id = c.id AND o.seq = 1
 WHERE c.id > :after AND c.kind = :kind AND c.opened_at >= :begin AND c.opened_at < :end AND o.recorded_at <= :as_of
 ORDER BY c.id LIMIT :page
"""
LINKED = """
SELECT c.id, x.kind, l.relation, x.number, x.closed FROM link l
  JOIN cases c ON c.id = l.parent_id JOIN cases x ON x.id = l.child_id
 WHERE c.kind = :kind AND x.kind IN ('improvement_plan', 'finding') AND c.opened_at >= :begin AND c.opened_at < :end
 ORDER BY x.id, l.relation
"""
# Nothing is recorded before it happened, so changed_at bounds the search for ends.
CLOSED = """
SELECT count(*) AS n FROM ({ended}) e JOIN cases x ON x.id = e.case_id
 WHERE x.kind = :kind AND x.changed_at >= :begin AND e.at >= :begin AND e.at < :end
"""
# A closed case that has not changed since the end of the period, nor since the instant, was closed then.
OPEN = """
SELECT count(*) AS n FROM cases x JOIN transition o ON o.case_id = x.id AND o.seq = 1
 WHERE x.kind = :kind AND x.opened_at < :end AND o.recorded_at <= :as_of
   AND (NOT x.closed OR x.changed_at >= :end OR x.changed_at > :as_of)
   AND NOT EXISTS (SELECT 1 FROM ({ended}) e WHERE e.case_id = x.id AND e.at < :end)
"""


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """The figures of a calendar month, or of several.

    ``received_by`` splits the complaints received by each of ``SUBJECTS``, ``cost_by`` the compensation decided on, in
    fen, by each of ``PAID_FOR``.
    """

    first: date
    received: int
    closed: int
    open_at_end: int
    received_by: dict[str, Counter[str]]
    cost_by: dict[str, Counter[str]]
    handling: HandlingFigures


@dataclass(frozen=True, slots=True)
class Recurrence:
    """The same cause and responsible party again: ``times`` in all the months looked at, the latest cases named."""

    cause: str
    responsible: str
    times: int
    this_month: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MeasureTaken:
    """An improvement plan or a finding that was opened because of a complaint, and the relation."""

    kind: str
    relation: str
    number: str
    closed: bool


@dataclass(frozen=True, slots=True)
class ComplaintAnalysis:
    """A month's analysis as computed ``at`` an instant, with the month before; codes and numbers only."""

    at: datetime
    month: MonthFigures
    before: MonthFigures
    recurrences: tuple[Recurrence, ...]
    measures: dict[str, tuple[MeasureTaken, ...]]
    months: int = 1

    @property
    def did(self) -> int:
        """The number of complaints received."""
        return self.month.received

    @property
    def over(self) -> bool:
        """Whether the month is over, so that its figures are final."""
        return to_micros(self.at) >= _begin(shifted(self.month.first, self.months))


@dataclass(slots=True)
class _Pair:
    times: int = 0
    this_month: int = 0
    numbers: deque[str] = field(default_factory=lambda: deque(maxlen=LISTED))


@dataclass(slots=True)
class _Counts:
    """What one pass through the complaints counts."""

    received: Counter[date] = field(default_factory=Counter[date])
    by: defaultdict[tuple[date, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    pairs: defaultdict[tuple[str, str], _Pair] = field(default_factory=lambda: defaultdict(_Pair))
    measures: defaultdict[str, list[MeasureTaken]] = field(default_factory=lambda: defaultdict(list))


def month_of(at: datetime) -> date:
    """Return the first day of an instant's local month."""
    return at.astimezone(reader_zone()).date().replace(day=1)


def shifted(first: date, months: int) -> date:
    """Return the first day of the month that many months later, or earlier if negative."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def gather(store: Store, at: datetime, month: date, months: int = 1) -> ComplaintAnalysis:
    """Compute the analysis of a month, or of so many months from it, in one transaction.

    Its figures count what had been recorded ``at`` the instant (E2), so they are the same whenever they are computed.
    The measures are listed as they stand now.
    """
    first = month.replace(day=1)
    with store.looking() as tx:
        as_of = to_micros(at)
        counts = _count(tx, first, months, as_of)
        here, before = (_month(tx, counts, one, months, as_of) for one in (first, shifted(first, -months)))
    causes = [cause for cause, _ in ranked(here.received_by["cause"]) if cause]
    measures = {cause: tuple(dict.fromkeys(counts.measures[cause])) for cause in causes[:TOP]}
    return ComplaintAnalysis(at, here, before, _recurrences(counts), measures, months)


def causes(tx: Tx, begin: datetime, end: datetime, as_of: datetime) -> Counter[str]:
    """Count the complaints received in [begin, end) by cause, as recorded at an instant.

    Under ``''`` are those whose cause nobody had found yet.
    """
    span = {"kind": COMPLAINT.kind, "begin": to_micros(begin), "end": to_micros(end), "as_of": to_micros(as_of)}
    return Counter(cause_and_responsible(row)[0] for row in _pages(tx, span))


def ranked(counted: Counter[str]) -> list[tuple[str, int]]:
    """Return the most frequent first, equals by name."""
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


def _begin(first: date) -> int:
    return to_micros(datetime.combine(first, time(), reader_zone()))


def _span(first: date, as_of: int, months: int = 1) -> dict[str, Any]:
    """Return the parameters of every query: complaints, from the first day to the end of so many months."""
    return {"kind": COMPLAINT.kind, "begin": _begin(first), "end": _begin(shifted(first, months)), "as_of": as_of}


def _count(tx: Tx, first: date, months: int, as_of: int) -> _Counts:
    """Count the complaints received in the period and in the months before it that are looked at, in one pass."""
    back = max(LOOKED_BACK, months)
    counts, span = _Counts(), _span(shifted(first, -back), as_of, back + months)
    linked: defaultdict[int, list[MeasureTaken]] = defaultdict(list)
    for row in tx.rows(LINKED, kind=span["kind"], begin=span["begin"], end=span["end"]):
        linked[row.id].append(MeasureTaken(row.kind, row.relation, row.number, bool(row.closed)))
    for row in _pages(tx, span):
        cause, responsible = cause_and_responsible(row)
        opened = _period_of(month_of(from_micros(row.opened_at)), first, months)
        counts.received[opened] += 1
        codes = (row.category, row.severity, row.department, cause, responsible)
        for subject, code in zip(SUBJECTS, codes, strict=True):
            counts.by[opened, subject][code or ""] += 1
        counts.measures[cause] += linked.get(row.id, ())
        merged = state_of(COMPLAINT.kind, row.state) == MERGED  # a merged case duplicates another one (A6)
        if cause and responsible and not merged:
            pair = counts.pairs[cause, responsible]
            pair.times += 1
            pair.this_month += opened == first
            pair.numbers.append(row.number)
    return counts


def _period_of(month: date, first: date, months: int) -> date:
    """Return the first day of the period in which a month lies; periods are counted back from the one that begins
    with ``first``."""
    distance = (month.year - first.year) * 12 + month.month - first.month
    return shifted(first, distance // months * months)


def _pages(tx: Tx, span: dict[str, Any], most: int = PAGE) -> Iterator[Any]:
    after, record = 0, record_at(tx, span["as_of"])
    columns = {name: record.column(name) for name in ("category", "severity", "department")}
    sql = CASES.format(judged=judged(), **columns)
    while page := tx.rows(sql, after=after, page=most, **span):
        yield from page
        after = page[-1].id


def _recurrences(counts: _Counts) -> tuple[Recurrence, ...]:
    found = (
        Recurrence(cause, responsible, pair.times, pair.this_month, tuple(pair.numbers))
        for (cause, responsible), pair in counts.pairs.items()
        if pair.times > 1 and pair.this_month
    )
    return tuple(sorted(found, key=lambda one: (-one.times, one.cause, one.responsible)))


def _month(tx: Tx, counts: _Counts, first: date, months: int, as_of: int) -> MonthFigures:
    span = _span(first, as_of, months)
    ended = relation(Facts.ENDINGS, record_at(tx, as_of), (), rules_in(tx), {"cases_closed"})
    return MonthFigures(
        first=first,
        received=counts.received[first],
        closed=tx.row(CLOSED.format(ended=ended), **span).n,
        open_at_end=tx.row(OPEN.format(ended=ended), kind=span["kind"], end=span["end"], as_of=as_of).n,
        received_by={subject: counts.by[first, subject] for subject in SUBJECTS},
        cost_by=cost(tx, span["begin"], span["end"], as_of),
        handling=handling(tx, span),
    )
