"""The monthly complaint analysis (B7): what was complained of and why, what came again, and how it was handled."""

import json
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from engine.retired_names import recorded_as
from engine.store import Store
from engine.transaction import Tx
from flows.work import Work, off_loop
from models.columns import from_micros, to_micros
from reports.complaint_handling import Handling, handling
from reports.current_names import state_of
from reports.translation import ZONE
from statemachines.complaint import COMPLAINT, MERGED
from statemachines.forms import Degree
from statemachines.kinds import lifecycle_of

LOOKED_BACK = 3
"""How many months before its own an analysis looks for the same cause and party (B7)."""
TOP = 5
"""For how many causes it says what is done about them."""
LISTED = 20
"""How many cases of a recurrence it names, the latest ones."""
PAGE = 20_000
SUBJECTS = ("category", "severity", "department", "cause")

# A page begins where the one before it ended, so the key is walked through once, however many cases there are.
CASES = """
SELECT c.id, c.number, c.state, c.opened_at, c.category, c.severity, c.department, c.variables,
       (SELECT t.form FROM transition t WHERE t.case_id = c.id AND t.move IN ({investigate})
         ORDER BY t.seq DESC LIMIT 1) AS found
  FROM cases c WHERE c.id > :after AND c.kind = :kind AND c.opened_at >= :begin AND c.opened_at < :end
 ORDER BY c.id LIMIT :page
"""
LINKED = """
SELECT c.id, x.kind, l.relation, x.number, x.closed FROM link l
  JOIN cases c ON c.id = l.parent_id JOIN cases x ON x.id = l.child_id
 WHERE c.kind = :kind AND x.kind IN ('improvement_plan', 'finding') AND c.opened_at >= :begin AND c.opened_at < :end
 ORDER BY x.id, l.relation
"""
# What entered the end it stands in; nothing is recorded before it happened, so changed_at bounds the search.
CLOSED = """
SELECT count(*) AS n FROM cases c JOIN transition t ON t.case_id = c.id AND t.dest = c.state AND t.source <> t.dest
 WHERE c.kind = :kind AND c.closed AND c.changed_at >= :begin AND t.occurred_at >= :begin AND t.occurred_at < :end
"""
OPEN = """
SELECT count(*) AS n FROM cases c WHERE c.kind = :kind AND c.opened_at < :end AND (NOT c.closed
    OR c.changed_at >= :end AND EXISTS (SELECT 1 FROM transition t WHERE t.case_id = c.id AND t.dest = c.state
                                           AND t.source <> t.dest AND t.occurred_at >= :end))
"""


@dataclass(frozen=True, slots=True)
class Month:
    """The figures of one calendar month; ``received_by`` splits the complaints received by each of ``SUBJECTS``."""

    first: date
    received: int
    closed: int
    open_at_end: int
    received_by: dict[str, Counter[str]]
    handling: Handling


@dataclass(frozen=True, slots=True)
class Recurrence:
    """The same cause and responsible party again: ``times`` in all the months looked at, the latest cases named."""

    cause: str
    responsible: str
    times: int
    this_month: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """An improvement plan or a finding that came of a complaint, and as what."""

    kind: str
    relation: str
    number: str
    closed: bool


@dataclass(frozen=True, slots=True)
class ComplaintAnalysis:
    """A month's analysis as it stands ``at`` an instant, beside the month before; codes and numbers only."""

    at: datetime
    month: Month
    before: Month
    recurrences: tuple[Recurrence, ...]
    measures: dict[str, tuple[Measure, ...]]

    @property
    def did(self) -> int:
        """How many complaints it is about."""
        return self.month.received

    @property
    def over(self) -> bool:
        """Whether the month is over, so that its figures stand."""
        return to_micros(self.at) >= _begin(shifted(self.month.first, 1))


@dataclass(slots=True)
class _Pair:
    times: int = 0
    this_month: int = 0
    numbers: deque[str] = field(default_factory=lambda: deque(maxlen=LISTED))


@dataclass(slots=True)
class _Tally:
    """What one walk through the complaints counts."""

    received: Counter[date] = field(default_factory=Counter[date])
    by: defaultdict[tuple[date, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    pairs: defaultdict[tuple[str, str], _Pair] = field(default_factory=lambda: defaultdict(_Pair))
    measures: defaultdict[str, list[Measure]] = field(default_factory=lambda: defaultdict(list))


async def analyse_complaints(work: Work, month: date | None = None) -> ComplaintAnalysis:
    """Analyse the calendar month, in Shanghai, that holds a date: by default the month before the store's now."""
    now = await work.now()
    return await off_loop(gather, work.store, now, month or shifted(month_of(now), -1))


def month_of(at: datetime) -> date:
    """The first day of an instant's month, as people here count months."""
    return at.astimezone(ZONE).date().replace(day=1)


def shifted(first: date, months: int) -> date:
    """The first day of the month that lies so many months later, or earlier."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def gather(store: Store, at: datetime, month: date) -> ComplaintAnalysis:
    """Count what the analysis says, in one consistent reading of the store."""
    first = month.replace(day=1)
    with store.looking() as tx:
        tally = _walk(tx, first)
        here, before = (_month(tx, tally, one) for one in (first, shifted(first, -1)))
    causes = [cause for cause, _ in ranked(here.received_by["cause"]) if cause]
    measures = {cause: tuple(dict.fromkeys(tally.measures[cause])) for cause in causes[:TOP]}
    return ComplaintAnalysis(at, here, before, _recurrences(tally), measures)


def ranked(counted: Counter[str]) -> list[tuple[str, int]]:
    """The most frequent first, equals by name."""
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


def _begin(first: date) -> int:
    return to_micros(datetime.combine(first, time(), ZONE))


def _span(first: date, months: int = 1) -> dict[str, Any]:
    """What every query asks: complaints, from the first day on, before the end of so many months."""
    return {"kind": COMPLAINT.kind, "begin": _begin(first), "end": _begin(shifted(first, months))}


def _walk(tx: Tx, first: date) -> _Tally:
    """One walk through the complaints that were received in the month and in those looked back upon."""
    tally, span = _Tally(), _span(shifted(first, -LOOKED_BACK), LOOKED_BACK + 1)
    linked: defaultdict[int, list[Measure]] = defaultdict(list)
    for row in tx.rows(LINKED, **span):
        linked[row.id].append(Measure(row.kind, row.relation, row.number, bool(row.closed)))
    for row in _pages(tx, span):
        cause, responsible = _known(row)
        opened = month_of(from_micros(row.opened_at))
        tally.received[opened] += 1
        for subject, code in zip(SUBJECTS, (row.category, row.severity, row.department, cause), strict=True):
            tally.by[opened, subject][code or ""] += 1
        tally.measures[cause] += linked.get(row.id, ())
        if (
            cause and responsible and state_of(COMPLAINT.kind, row.state) != MERGED
        ):  # a merged case is another one told twice (A6)
            pair = tally.pairs[cause, responsible]
            pair.times += 1
            pair.this_month += opened == first
            pair.numbers.append(row.number)
    return tally


def _pages(tx: Tx, span: dict[str, Any], most: int = PAGE) -> Iterator[Any]:
    after = 0
    sql = CASES.format(investigate=recorded_as("move", "investigate"))
    while page := tx.rows(sql, after=after, page=most, **span):
        yield from page
        after = page[-1].id


def _known(row: Any) -> tuple[str, str]:
    """The cause and who answers for it as they stand on the case, else the cause that was found last."""
    table = lifecycle_of(COMPLAINT.kind)
    known = table.resolver.variables(json.loads(row.variables))
    cause = known.get("cause") or table.resolved_form("investigate", json.loads(row.found or "{}")).get("cause")
    answers = known.get("degree") != Degree.NONE  # he was looked at, and answers for nothing
    return cause or "", known.get("responsible") or "" if answers else ""


def _recurrences(tally: _Tally) -> tuple[Recurrence, ...]:
    found = (
        Recurrence(cause, responsible, pair.times, pair.this_month, tuple(pair.numbers))
        for (cause, responsible), pair in tally.pairs.items()
        if pair.times > 1 and pair.this_month
    )
    return tuple(sorted(found, key=lambda one: (-one.times, one.cause, one.responsible)))


def _month(tx: Tx, tally: _Tally, first: date) -> Month:
    span = _span(first)
    return Month(
        first=first,
        received=tally.received[first],
        closed=tx.row(CLOSED, **span).n,
        open_at_end=tx.row(OPEN, kind=span["kind"], end=span["end"]).n,
        received_by={subject: tally.by[first, subject] for subject in SUBJECTS},
        handling=handling(tx, span),
    )
