"""The parties of cases are journalled in ranges, whoever else writes at that moment."""

import contextlib
from typing import Any

import orjson
import pytest

from engine.audit.verify import verify
from engine.commands import same_customer
from engine.commands.open_case import Opening, open_in
from engine.commands.same_customer import Decision, part_customers
from engine.ledger.anchoring import Anew, anchor
from engine.ledger.case_ranges import runs
from engine.store import Store
from tests.case_actions import AGENT, AUDITOR, HOUR, START, contact, execute_sql, new_case, query_rows

pytestmark = pytest.mark.requirement("B5")

ENTERED = "SELECT key FROM journal WHERE subject = 'case_parties' ORDER BY seq"
WANG: dict[str, Any] = {"phone": "13800138000", "customer": "Ms Wang"}


class Undone(Exception):
    """Ends a transaction without its effects."""


DELETED = (
    "DELETE FROM escalation_step WHERE case_id IN ({ids})",
    "DELETE FROM timer WHERE case_id IN ({ids})",
    "DELETE FROM delivery WHERE case_id IN ({ids})",
    "DELETE FROM outbox_event WHERE case_id IN ({ids})",
    "DELETE FROM statement WHERE case_id IN ({ids})",
    "DELETE FROM fingerprint WHERE case_id IN ({ids})",
    "DELETE FROM transition WHERE case_id IN ({ids})",
    "DELETE FROM cases WHERE id IN ({ids})",
)


def ranges(store: Store) -> list[list[int]]:
    return [orjson.loads(row["key"]) for row in query_rows(store, ENTERED)]


def faults(store: Store) -> list[str]:
    return [fault.what for fault in verify(store).faults]


def test_numbers_are_gathered_into_runs():
    assert list(runs([2, 5, 6, 7, 9])) == [(2, 2), (5, 7), (9, 9)]
    assert list(runs([])) == []


def test_each_case_is_entered_once(store: Store):
    for hour in range(3):
        new_case(store, hour * HOUR)
        new_case(store, hour * HOUR)
        anchor(store, START + hour * HOUR)
        anchor(store, START + hour * HOUR)
    assert ranges(store) == [[1, 2], [3, 4], [5, 6]]
    assert faults(store) == []


@pytest.mark.postgres
@pytest.mark.parametrize("late", [1, 2, 3])
def test_a_case_that_is_committed_after_a_later_one_is_no_fault(postgres_store: Store, late: int):
    """Two clerks open cases at once; the night anchors while the first of them has not finished."""
    store = postgres_store
    for _ in range(1, late):
        new_case(store)
    with store.writing() as tx:
        open_in(tx, store.secret, Opening(contact()), START)
        new_case(store)
        anchor(store, START)
    assert faults(store) == []
    new_case(store, HOUR)
    anchor(store, START + HOUR)
    assert sorted(ranges(store)) == [*([[1, late - 1]] if late > 1 else []), [late, late], [late + 1, late + 1],
                                     [late + 2, late + 2]]  # fmt: skip
    assert faults(store) == []
    execute_sql(store, "UPDATE cases SET pack = 'another' WHERE id = :late", late=late)
    assert f"journal_changed case_parties [{late},{late}]" in faults(store)


@pytest.mark.postgres
def test_an_opening_that_was_undone_leaves_no_gap_that_matters(postgres_store: Store):
    store = postgres_store
    new_case(store)
    with contextlib.suppress(Undone), store.writing() as tx:
        open_in(tx, store.secret, Opening(contact()), START)
        raise Undone
    new_case(store)
    anchor(store, START)
    new_case(store, HOUR)
    anchor(store, START + HOUR)
    assert ranges(store) == [[1, 1], [3, 3], [4, 4]]
    assert faults(store) == []


@pytest.mark.postgres
def test_a_case_given_to_another_customer_while_the_night_anchors_is_no_fault(
    postgres_store: Store, monkeypatch: pytest.MonkeyPatch
):
    """The night makes the range when the case has been given away, but not yet for others to see."""
    store = postgres_store
    one, other = new_case(store, **WANG), new_case(store, **WANG)
    answer = same_customer._answer  # pyright: ignore[reportPrivateUsage]

    def answer_after_the_night(*args: Any, **kwargs: Any) -> None:
        anchor(store, START)
        answer(*args, **kwargs)

    monkeypatch.setattr(same_customer, "_answer", answer_after_the_night)
    assert part_customers(store, Decision(one, other, "They share a desk.", AGENT), START + HOUR)
    assert ranges(store) == [[1, 2], [1, 2]]
    assert faults(store) == []


@pytest.mark.parametrize("gone", ["3", "2", "2, 3", "1, 2, 3"])
def test_a_new_case_under_the_id_of_a_deleted_one_is_no_fault(store: Store, gone: str):
    """SQLite gives the id of the newest case again once that case was deleted and its deletion was confirmed."""
    for _ in range(3):
        new_case(store)
    anchor(store, START)
    for sql in DELETED:
        execute_sql(store, sql.format(ids=gone))
    assert "journal_changed case_parties [1,3]" in faults(store)
    assert anchor(store, START + HOUR, Anew(AUDITOR, "Entered twice by mistake.")) is not None
    assert faults(store) == []
    for _ in range(2):
        new_case(store, 2 * HOUR)
    assert anchor(store, START + 2 * HOUR) is not None
    assert faults(store) == []
    [newest] = query_rows(store, "SELECT max(id) AS id FROM cases")
    execute_sql(store, "UPDATE cases SET pack = 'another' WHERE id = :newest", newest=newest["id"])
    assert any(what.startswith("journal_changed case_parties") for what in faults(store))
