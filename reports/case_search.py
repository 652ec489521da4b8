"""Lists and searches the cases that a principal may read: filters, words in Chinese or English, pages by cursor.

Note [Stable pages]: a page begins after the last row of the one before it, by a key that is unique, so cases that are
opened or moved meanwhile shift no page. Sorted by opening, which never changes, every case is listed once. Sorted by
its last change or its next due instant, a case that moves takes its new place: before the cursor it is not seen again,
after it once more.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Final

from engine.access.condition import EVERY_CASE, NO_CASE, Condition, both, either
from engine.access.principal import Principal
from engine.access.scope import cases_in_scope, contacts_in_scope
from engine.ledger.chain import canonical
from engine.ledger.record import NAMES, CaseRow, current_case_of
from engine.transaction import Tx
from models.columns import LARGEST, to_micros
from reports.current_names import states_by_kind
from reports.queue_order import FEW, FIRST_SPENT, SPENT, URGENT, Rank, ranks
from reports.text_search import SearchTerms
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused

MOST: Final = 200
"""The most cases of one page."""
BATCHES: Final = 20
"""How many batches of cases are read for one page where the words of some turn out to stand in masked parts only."""

COLUMNS: Final = ", ".join(f"c.{name}" for name in NAMES)
# The last condition is exact for hours and days; of working time the step at 100 % tells.
OVERDUE: Final = """EXISTS (SELECT 1 FROM timer k_ WHERE k_.case_id = c.id AND k_.closed_at IS NULL
   AND coalesce(k_.running_since + k_.allowance - k_.consumed <= :find_at, k_.consumed >= k_.allowance)
   AND (k_.unit IN ('hours', 'days') OR k_.consumed >= k_.allowance OR EXISTS (
          SELECT 1 FROM escalation_step s_ WHERE s_.timer_id = k_.id AND s_.percent >= 100)))"""
NOT_EARLIEST: Final = """EXISTS (SELECT 1 FROM timer e_ WHERE e_.case_id = c.id AND e_.fires_at IS NOT NULL
   AND (e_.fires_at, e_.id) < (k.fires_at, k.id))"""
RUNNING: Final = "EXISTS (SELECT 1 FROM timer r_ WHERE r_.case_id = c.id AND r_.fires_at IS NOT NULL)"
COUNT: Final = "SELECT count(*) AS cases FROM (SELECT 1 FROM cases c WHERE {scope} LIMIT :find_most) AS found"
TIMERS_FIRST: Final = "timer k CROSS JOIN cases c"  # SQLite reads tables that are joined so in their order
CASES_FIRST: Final = "cases c CROSS JOIN timer k"


class Sort(StrEnum):
    """By what cases are sorted: when they came in, when they last moved, when the next step of a promise is due.

    ``QUEUE`` is the order of work: customers before internal cases, urgent ones first, then the soonest due.
    """

    OPENED = "opened"
    CHANGED = "changed"
    DUE = "due"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class CaseQuery:
    """Which cases to list. What is None or empty does not restrict; ``kinds`` may also be natures.

    ``closed`` is False for open cases, True for closed ones; ``unowned`` keeps those that nobody has. ``text`` are
    words that the case's statements contain, in any order, or the number of a case. By ``DUE`` the earliest comes
    first, then the cases of which no promise runs; ``newest_first`` says it for ``OPENED`` and ``CHANGED``. ``also``
    must hold besides, and a case that meets ``named`` is found by the text, too, as far as the principal sees the
    contact details of its customer.
    """

    kinds: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    department: str | None = None
    owner: str | None = None
    unowned: bool = False
    severity: str | None = None
    level: int | None = None
    closed: bool | None = False
    overdue: bool | None = None
    opened_from: datetime | None = None
    opened_until: datetime | None = None
    text: str = ""
    sort: Sort = Sort.OPENED
    newest_first: bool = True
    limit: int = 50
    also: Condition = EVERY_CASE
    named: Condition = NO_CASE


@dataclass(frozen=True, slots=True)
class CaseListPage:
    """One page of cases, and the cursor of the next one; None after the last page."""

    cases: list[CaseRow]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page ends: in which of the lists that make up a sort, at which key."""

    part: int = 0
    key: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """One list of a sort: its tables, what belongs to it, and its key, whose last column is unique."""

    tables: str
    key: tuple[str, ...]
    condition: Condition
    newest_first: bool
    rank: Rank | None = None


BY_ID, BY_CHANGE, BY_STEP, BY_TIMER = ("c.id",), ("c.changed_at", "c.id"), ("k.fires_at", "k.id"), ("k.id",)


def search(tx: Tx, principal: Principal, query: CaseQuery, at: datetime, cursor: str | None = None) -> CaseListPage:
    """Return a page of the cases that meet the query and that the principal may read.

    Raises ``Refused('bad_cursor' | 'unknown_kind' | 'too_many_words')``.
    """
    limit, place = min(max(query.limit, 1), MOST), _place_of(query, cursor)
    terms = SearchTerms.of(principal, query.text, at)
    named = both(query.named, contacts_in_scope(principal, at))
    condition = both(
        *_filters(query, at), query.also, cases_in_scope(principal, at), either((terms.condition, named))
    )  # fmt: skip
    found: list[CaseRow] = []
    for _ in range(BATCHES):
        rows = list(_after(tx, query, condition, place, limit + 1))
        matching = terms.matching(tx, [case.id for _, case in rows])
        for reached, case in rows:
            if case.id in matching or case.number == query.text.strip().lower():
                if len(found) == limit:
                    return CaseListPage(found, _cursor_of(query, place))
                found.append(case)
            place = reached
        if len(rows) <= limit:
            return CaseListPage(found, None)
    return CaseListPage(found, _cursor_of(query, place))


def _after(
    tx: Tx, query: CaseQuery, condition: Condition, place: _Place, limit: int
) -> Iterator[tuple[_Place, CaseRow]]:
    """Yield the next cases after a place, each with its own, at most ``limit``."""
    sizes = _Sizes(tx, condition)
    for number, part in enumerate(_parts(query)):
        if number < place.part or limit <= 0:
            continue
        key = place.key if number == place.part else ()
        whole = both(condition, part.condition, _beyond(part, key))
        order = ", ".join(f"{column} DESC" if part.newest_first else column for column in part.key)
        keys = ", ".join(f"{column} AS key_{n}" for n, column in enumerate(part.key))
        tables = _tables(part, sizes)
        sql = f"SELECT {COLUMNS}, {keys} FROM {tables} WHERE {whole.sql} ORDER BY {order} LIMIT :find_limit"  # noqa: S608
        rows = tx.rows(sql, **whole.values, find_limit=limit)
        limit -= len(rows)
        for row in rows:
            reached = tuple(getattr(row, f"key_{n}") for n in range(len(part.key)))
            yield _Place(number, reached), current_case_of(row)


@dataclass(frozen=True)
class _Sizes:
    """Whether a condition holds for few cases, counted at most once."""

    tx: Tx
    condition: Condition

    @cached_property
    def few(self) -> bool:
        return self._few(self.condition)

    @cached_property
    def few_urgent(self) -> bool:
        return self._few(both(self.condition, URGENT))

    def _few(self, condition: Condition) -> bool:
        count = COUNT.format(scope=condition.sql)
        return self.tx.row(count, **condition.values, find_most=FEW + 1).cases <= FEW


def _tables(part: _Part, sizes: _Sizes) -> str:
    """Return the tables of a part in the order in which to read them. See Note [Order of the queue]."""
    if part.rank is None or part.tables != TIMERS_FIRST:
        return part.tables
    return CASES_FIRST if sizes.few or (part.rank.urgent and sizes.few_urgent) else TIMERS_FIRST


def _parts(query: CaseQuery) -> list[_Part]:
    if query.sort is Sort.QUEUE:
        return [part for rank in ranks() for part in _of_rank(rank)]
    if query.sort is Sort.DUE:
        earliest = Condition(f"c.id = k.case_id AND k.fires_at IS NOT NULL AND NOT {NOT_EARLIEST}")
        return [
            _Part(TIMERS_FIRST, BY_STEP, earliest, newest_first=False),
            _Part("cases c", BY_ID, Condition(f"NOT {RUNNING}"), newest_first=False),
        ]
    key = BY_CHANGE if query.sort is Sort.CHANGED else BY_ID
    return [_Part("cases c", key, EVERY_CASE, query.newest_first)]


def _of_rank(rank: Rank) -> list[_Part]:
    """Return the lists of a rank: what is overdue without a step left, what has a step to come, what rests."""
    running = Condition(f"c.id = k.case_id AND k.fires_at IS NOT NULL AND NOT {NOT_EARLIEST} AND NOT {SPENT}")
    resting = Condition(f"NOT {RUNNING} AND NOT {SPENT}")
    lists = ((TIMERS_FIRST, BY_TIMER, FIRST_SPENT), (TIMERS_FIRST, BY_STEP, running), ("cases c", BY_ID, resting))
    return [_Part(tables, key, both(rank.condition, part), False, rank) for tables, key, part in lists]


def _beyond(part: _Part, key: tuple[int, ...]) -> Condition:
    """Return the condition of the rows after a key; every row without one."""
    if not key:
        return EVERY_CASE
    values = {f"find_key_{n}": value for n, value in enumerate(key)}
    sign, names = "<" if part.newest_first else ">", ", ".join(f":{name}" for name in values)
    return Condition(f"({', '.join(part.key)}) {sign} ({names})", values)


def _filters(query: CaseQuery, at: datetime) -> Iterator[Condition]:
    for name in ("department", "owner", "severity", "level"):
        if (value := getattr(query, name)) is not None:
            yield Condition(f"c.{name} = :find_{name}", {f"find_{name}": value})
    if query.unowned:
        yield Condition("c.owner IS NULL")
    if query.closed is not None:
        yield Condition("c.closed" if query.closed else "NOT c.closed")
    if query.opened_from is not None:
        yield Condition("c.opened_at >= :find_from", {"find_from": to_micros(query.opened_from)})
    if query.opened_until is not None:
        yield Condition("c.opened_at < :find_until", {"find_until": to_micros(query.opened_until)})
    if query.overdue is not None:
        yield Condition(OVERDUE if query.overdue else f"NOT {OVERDUE}", {"find_at": to_micros(at)})
    if query.kinds:
        yield either(_of_kind(n, kind) for n, kind in enumerate(query.kinds))
    if query.states:
        yield either(_in_state(n, state) for n, state in enumerate(query.states))


def _of_kind(n: int, kind: str) -> Condition:
    table = lifecycle_of(kind)
    of_kind = Condition(f"c.kind = :find_kind_{n}", {f"find_kind_{n}": table.kind})
    if kind not in table.natures or kind == table.kind:
        return of_kind
    nature = canonical({"nature": kind})[1:-1]  # the variables are canonical text, which spells it in one way only
    contains = f"replace(c.variables, :find_nature_{n}, '') <> c.variables"
    return both(of_kind, Condition(contains, {f"find_nature_{n}": nature}))


def _in_state(n: int, state: str) -> Condition:
    """Return the condition that a case is in a state; its name or that of the case may be a retired one."""
    conditions = [Condition(f"c.state = :find_state_{n}", {f"find_state_{n}": state})]
    for kind, names in states_by_kind(state).items():
        values = {f"find_state_{n}_{kind}_{place}": name for place, name in enumerate(names)}
        listed = ", ".join(f":{name}" for name in values)
        conditions.append(Condition(f"c.kind = '{kind}' AND c.state IN ({listed})", values))
    return either(conditions)


def _cursor_of(query: CaseQuery, place: _Place) -> str:
    text = json.dumps([query.sort.value, query.newest_first, place.part, *place.key])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place_of(query: CaseQuery, cursor: str | None) -> _Place:
    """Return where a cursor of this sort points. Raises ``Refused('bad_cursor')``."""
    if cursor is None:
        return _Place()
    try:
        sort, newest_first, part, *key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        expected = _parts(query)[part].key
    except (ValueError, TypeError, IndexError):
        raise Refused("bad_cursor") from None
    whole = all(type(number) is int and 0 <= number <= LARGEST for number in (part, *key))
    if [sort, newest_first] != [query.sort.value, query.newest_first] or not whole or len(key) != len(expected):
        raise Refused("bad_cursor")
    return _Place(part, tuple(key))
