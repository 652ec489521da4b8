"""Lists and searches the cases that a principal may read: filters, words in Chinese or English, pages by cursor."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine.access.condition import EVERY_CASE, NO_CASE, Condition, both, by_index, either
from engine.access.principal import Principal
from engine.access.scope import cases_in_scope, contacts_in_scope
from engine.ledger.chain import canonical
from engine.ledger.record import CaseRow
from engine.transaction import Tx
from models.columns import LARGEST, to_micros
from reports.case_order import cases_in_order
from reports.case_parts import Place, Rank, Sort, order_of, part_of
from reports.current_names import states_by_kind
from reports.text_search import SearchTerms
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.refused import Refused

MOST: Final = 200
"""The most cases of one page."""
BATCHES: Final = 20
"""How many batches of cases are read for one page where the words of some turn out to stand in masked parts only."""

# The last condition is exact for hours and days; of working time the step at 100 % tells.
OVERDUE: Final = """EXISTS (SELECT 1 FROM timer k_ WHERE k_.case_id = c.id AND k_.closed_at IS NULL
   AND coalesce(k_.running_since + k_.allowance - k_.consumed <= :find_at, k_.consumed >= k_.allowance)
   AND (k_.unit IN ('hours', 'days') OR k_.consumed >= k_.allowance OR EXISTS (
          SELECT 1 FROM escalation_step s_ WHERE s_.timer_id = k_.id AND s_.percent >= 100)))"""


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


def search(tx: Tx, principal: Principal, query: CaseQuery, at: datetime, cursor: str | None = None) -> CaseListPage:
    """Return a page of the cases that meet the query and that the principal may read.

    Raises ``Refused('bad_cursor' | 'unknown_kind' | 'too_many_words')``.
    """
    limit = min(max(query.limit, 1), MOST)
    order = order_of(query.sort, newest_first=query.newest_first, open_only=query.closed is False)
    place = _place_of(query, order, cursor)
    terms = SearchTerms.of(principal, query.text, at)
    named = both(query.named, contacts_in_scope(principal, at))
    condition = both(
        *_filters(query, at), query.also, cases_in_scope(principal, at), either((terms.condition, named))
    )  # fmt: skip
    found: list[CaseRow] = []
    for _ in range(BATCHES):
        rows = cases_in_order(tx, order, condition, place, limit + 1)
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


def _filters(query: CaseQuery, at: datetime) -> Iterator[Condition]:
    for name in ("department", "owner", "severity"):
        if (value := getattr(query, name)) is not None:
            yield by_index(f"c.{name} = :find_{name}", {f"find_{name}": value})
    if query.level is not None:
        of_any_kind = f"c.level = :find_level AND c.kind IN ({', '.join(map(repr, sorted(lifecycles())))})"
        yield Condition("c.level = :find_level", {"find_level": query.level}, lists=((of_any_kind,),))
    if query.kinds:
        yield either(_of_kind(n, kind) for n, kind in enumerate(query.kinds))
    if query.states:
        yield either(_in_state(n, state) for n, state in enumerate(query.states))
    yield from _unlisted_filters(query, at)


def _unlisted_filters(query: CaseQuery, at: datetime) -> Iterator[Condition]:
    """Yield the conditions of the filters that no index answers."""
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


def _of_kind(n: int, kind: str) -> Condition:
    table = lifecycle_of(kind)
    of_kind = by_index(f"c.kind = :find_kind_{n}", {f"find_kind_{n}": table.kind})
    if kind not in table.natures or kind == table.kind:
        return of_kind
    nature = canonical({"nature": kind})[1:-1]  # the variables are canonical text, which spells it in one way only
    contains = f"replace(c.variables, :find_nature_{n}, '') <> c.variables"
    return both(of_kind, Condition(contains, {f"find_nature_{n}": nature}))


def _in_state(n: int, state: str) -> Condition:
    """Return the condition that a case is in a state; its name or that of the case may be a retired one."""
    conditions = [by_index(f"c.state = :find_state_{n}", {f"find_state_{n}": state})]
    for kind, names in states_by_kind(state).items():
        values = {f"find_state_{n}_{kind}_{place}": name for place, name in enumerate(names)}
        listed = ", ".join(f":{name}" for name in values)
        conditions.append(by_index(f"c.kind = '{kind}' AND c.state IN ({listed})", values))
    return either(conditions)


def _cursor_of(query: CaseQuery, place: Place) -> str:
    text = json.dumps([query.sort.value, query.newest_first, place.part, *place.key])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place_of(query: CaseQuery, order: Sequence[Rank], cursor: str | None) -> Place:
    """Return where a cursor of this sort points. Raises ``Refused('bad_cursor')``."""
    if cursor is None:
        return Place()
    try:
        sort, newest_first, part, *key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        expected = part_of(order, part).key
    except (ValueError, TypeError, IndexError):
        raise Refused("bad_cursor") from None
    whole = all(type(number) is int and 0 <= number <= LARGEST for number in (part, *key))
    if [sort, newest_first] != [query.sort.value, query.newest_first] or not whole or len(key) != len(expected):
        raise Refused("bad_cursor")
    return Place(part, tuple(key))
