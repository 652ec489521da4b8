"""Listing and searching cases: filters, words, masked parts, and pages that stay stable while cases move."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.access.principal import Principal, PrincipalKind, Scope
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from reports import case_order
from reports.case_parts import Sort
from reports.case_search import MOST, CaseQuery, search
from statemachines.roles import Role
from tests.case_actions import HANDLER, HOUR, START, contact, execute_sql, make_move, new_case, refusal
from tests.engine.access.people import principal

pytestmark = pytest.mark.requirement("H4")

CALM, ANGRY, CHINESE = "The parcel is late.", "Late AGAIN, call 13800138000 now!", "货物破损，请尽快赔偿。"


@pytest.fixture
def agent(store: Store) -> Principal:
    return principal(store, Role.AGENT)


def listed(store: Store, who: Principal, after: timedelta = timedelta(), **query: Any) -> list[str]:
    """Return the numbers of all cases of a query, read page by page."""
    numbers, cursor = [], None
    while True:
        with store.looking() as tx:
            page = search(tx, who, CaseQuery(**query), START + after, cursor)
        numbers += [case.number for case in page.cases]
        if (cursor := page.next_cursor) is None:
            return numbers


def test_each_filter_keeps_what_it_names(store: Store, agent: Principal):
    first, second = new_case(store), new_case(store, HOUR)
    make_move(store, first, "classify")
    make_move(store, first, "assign")
    assert listed(store, agent) == [second, first], "the newest first"
    matches: list[tuple[dict[str, Any], list[str]]] = [
        ({"states": ("classified",)}, [first]),
        ({"department": "claims"}, [first]),
        ({"owner": HANDLER}, [first]),
        ({"severity": "high"}, [first]),
        ({"opened_until": START + HOUR}, [first]),
        ({"states": ("classified", "archived"), "kinds": ("complaint", "inquiry")}, [first]),
        ({"states": ("received",)}, [second]),
        ({"opened_from": START + HOUR}, [second]),
        ({"department": "warehouse"}, []),
        ({"level": 3}, []),
        ({"kinds": ("inquiry",)}, []),
        ({"closed": True}, []),
    ]
    for query, expected in matches:
        assert listed(store, agent, **query) == expected, query
    assert listed(store, agent, closed=None, level=0, newest_first=False) == [first, second]


def test_a_nature_is_a_kind_to_a_list(store: Store, agent: Principal):
    asked = open_case(store, Opening(contact(), "consultation"), START).number
    praised = open_case(store, Opening(contact(), "praise"), START).number
    assert listed(store, agent, kinds=("consultation",)) == [asked]
    assert listed(store, agent, kinds=("praise",)) == [praised]
    with store.looking() as tx:
        refused = refusal(lambda: search(tx, agent, CaseQuery(kinds=("nothing",)), START))
    assert refused.code == "unknown_kind"


def test_only_what_somebody_may_read_is_listed_or_found(store: Store, agent: Principal):
    number = new_case(store, text=CALM)
    seller = principal(store, Role.SALESPERSON)
    assert listed(store, agent, text="parcel") == [number]
    assert listed(store, seller) == listed(store, seller, text="parcel") == listed(store, seller, text=number) == []


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("late", {CALM, ANGRY}),
        ("again LATE", {ANGRY}),
        ("parcel again", set()),
        ("破损", {CHINESE}),
        ("破損", {CHINESE}),
        ("賠償 貨物", {CHINESE}),
        ("%", set()),
        ("l_te", set()),
    ],
)
def test_words_are_found_in_chinese_and_english(store: Store, agent: Principal, text: str, matches: set[str]):
    numbers = {each: new_case(store, text=each) for each in (CALM, ANGRY, CHINESE)}
    assert set(listed(store, agent, text=text)) == {numbers[each] for each in matches}


@pytest.mark.parametrize("steps", [1, 3, 2_000])
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_a_search_lists_the_same_whether_it_reads_the_texts_of_each_case_or_all_of_them_once(
    store: Store, agent: Principal, steps: int, limit: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(case_order, "STEPS_TO_CASES", steps)
    texts = (ANGRY, CHINESE, CALM, CHINESE, CALM, CALM, ANGRY)
    newest_first = [(new_case(store, text=text), text) for text in texts][::-1]
    for words, found in (("late", {CALM, ANGRY}), ("破损", {CHINESE}), ("late again", {ANGRY}), ("nothing", set())):
        expected = [number for number, text in newest_first if text in found]
        for sort in (Sort.OPENED, Sort.CHANGED):
            assert listed(store, agent, text=words, limit=limit, sort=sort) == expected, (words, sort)
        assert sorted(listed(store, agent, text=words, limit=limit, sort=Sort.QUEUE)) == sorted(expected)


def test_a_number_finds_its_case(store: Store, agent: Principal):
    number, _other = new_case(store), new_case(store)
    assert listed(store, agent, text=number) == [number]


@pytest.mark.requirement("H1")
def test_a_search_does_not_tell_a_reviewer_what_is_masked(store: Store, agent: Principal):
    number = new_case(store, text=ANGRY)
    auditor = principal(store, Role.AUDITOR)
    assert listed(store, agent, text="1380013") == [number]
    assert listed(store, auditor, text="1380013") == []
    assert listed(store, auditor, text="again late") == [number]
    token = principal(store, Role.AUDITOR, "robot", scopes=frozenset({Scope.READ_CASES}))
    assert listed(store, token, text="again") == [], "it is shown no text"
    assert listed(store, token, text=number) == [number]


def test_a_search_goes_on_past_cases_whose_words_are_masked(store: Store):
    shown = new_case(store, text="Order 1234567 is late, code 12345")
    for _ in range(5):
        new_case(store, text="Call 021 12345 67 now")
    assert listed(store, principal(store, Role.AUDITOR), text="12345", limit=1) == [shown]


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("newest_first", [True, False])
def test_pages_list_every_case_once(store: Store, agent: Principal, sort: Sort, newest_first: bool):
    numbers = [new_case(store, timedelta(minutes=minute)) for minute in range(7)]
    execute_sql(store, "UPDATE timer SET fires_at = NULL WHERE case_id = 3")
    pages = listed(store, agent, sort=sort, newest_first=newest_first, limit=2)
    assert sorted(pages) == numbers
    whole = listed(store, agent, sort=sort, newest_first=newest_first, limit=MOST + 1)
    assert pages == whole


def test_the_pages_of_a_list_by_opening_shift_by_nothing_that_happens_meanwhile(store: Store, agent: Principal):
    numbers = [new_case(store, timedelta(minutes=minute)) for minute in range(6)]
    query = CaseQuery(limit=2)
    with store.looking() as tx:
        page = search(tx, agent, query, START)
    make_move(store, numbers[0], "classify", after=HOUR)
    new_case(store, HOUR)
    seen = [case.number for case in page.cases]
    while page.next_cursor is not None:
        with store.looking() as tx:
            page = search(tx, agent, query, START + HOUR, page.next_cursor)
        seen += [case.number for case in page.cases]
    assert seen == numbers[::-1]


def test_by_what_is_due_the_next_step_comes_first_and_what_rests_last(store: Store, agent: Principal):
    resting, early, late = new_case(store), new_case(store), new_case(store, HOUR)
    execute_sql(store, "UPDATE timer SET fires_at = NULL, running_since = NULL WHERE case_id = 1")
    assert listed(store, agent, sort=Sort.DUE) == [early, late, resting]


def test_by_change_whoever_moved_last_comes_first(store: Store, agent: Principal):
    first, second = new_case(store), new_case(store)
    make_move(store, first, "classify", after=HOUR)
    assert listed(store, agent, sort=Sort.CHANGED) == [first, second]


def test_overdue_is_what_a_promise_was_broken_for_and_not_kept_since(store: Store, agent: Principal):
    late, punctual = new_case(store), new_case(store)
    make_move(store, punctual, "reply")
    assert listed(store, agent, HOUR, overdue=True) == []
    soon = timedelta(hours=3)
    assert listed(store, agent, soon, overdue=True) == [late], "the reply was due after two hours"
    assert listed(store, agent, soon, overdue=False) == [punctual]


@pytest.mark.parametrize("cursor", ["", "x", "WyJvcGVuZWQi", "W10", "bnVsbA", "é", "WyJvcGVuZWQiLCB0cnVlLCA1LCAxXQ"])
def test_a_cursor_of_nothing_is_refused(sqlite_store: Store, cursor: str):
    with sqlite_store.looking() as tx:
        refused = refusal(lambda: search(tx, principal_of_system(sqlite_store), CaseQuery(), START, cursor))
    assert refused.code == "bad_cursor"


def principal_of_system(store: Store) -> Principal:
    return replace(principal(store, Role.ADMINISTRATOR), kind=PrincipalKind.SYSTEM)


def test_a_cursor_belongs_to_its_sort(store: Store, agent: Principal):
    for _ in range(3):
        new_case(store)
    with store.looking() as tx:
        cursor = search(tx, agent, CaseQuery(limit=1), START).next_cursor
        for other in (CaseQuery(sort=Sort.CHANGED), CaseQuery(newest_first=False)):
            assert refusal(lambda: search(tx, agent, other, START, cursor)).code == "bad_cursor"  # noqa: B023


def test_more_words_than_a_search_takes_are_refused(sqlite_store: Store):
    with sqlite_store.looking() as tx:
        query = CaseQuery(text=" ".join(f"word{n}" for n in range(9)))
        refused = refusal(lambda: search(tx, principal_of_system(sqlite_store), query, START))
    assert (refused.code, refused.params) == ("too_many_words", {"most": 8})
