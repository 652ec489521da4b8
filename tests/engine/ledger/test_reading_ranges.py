"""Readings of personal data are covered from the next anchor on; old ones go with an entry that says so."""

from datetime import timedelta

import pytest

from engine.access.principal import Principal, PrincipalKind
from engine.access.reading_log import log_reading
from engine.actors import known_actor
from engine.audit.verify import verify
from engine.ledger.anchoring import Anew, anchor
from engine.store import Store
from tests.case_actions import AGENT, AUDITOR, DAY, HOUR, START, case_of, execute_sql, new_case, query_rows

pytestmark = pytest.mark.requirement("H4")

THREE_YEARS = timedelta(days=3 * 365)
INSERT = """
INSERT INTO reading (id, at, actor_id, via, kind, case_id, fields, reason)
SELECT :id, at, actor_id, via, kind, case_id, 'phone', reason FROM reading WHERE id = 1
"""


def read(store: Store, number: str, after: timedelta, *fields: str) -> None:
    """Show a clerk these fields of a case."""
    with store.writing() as tx:
        clerk = Principal(known_actor(tx, AGENT), PrincipalKind.TOKEN, "api")
        log_reading(tx, clerk, [case_of(store, number)["id"]], fields, START + after)


def faults(store: Store) -> list[str]:
    return [fault.what for fault in verify(store).faults]


@pytest.fixture
def number(store: Store) -> str:
    """A case of which a clerk was shown three times something; all of it is anchored."""
    number = new_case(store)
    for hour, field in enumerate(("name", "phone", "texts")):
        read(store, number, hour * HOUR, field)
    assert anchor(store, START + 3 * HOUR) is not None
    return number


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE reading SET fields = 'name' WHERE id = 3",
        "UPDATE reading SET at = at - 1 WHERE id = 1",
        "DELETE FROM reading WHERE id = 2",
    ],
    ids=["changed", "dated back", "deleted"],
)
@pytest.mark.usefixtures("number")
def test_a_reading_that_was_changed_or_deleted_is_found(store: Store, change: str):
    assert faults(store) == []
    assert execute_sql(store, change) == 1
    assert faults(store) == ["journal_changed readings [1,3]"]
    assert anchor(store, START + DAY, Anew(AUDITOR, "examined")) is not None
    assert faults(store) == []


@pytest.mark.usefixtures("number")
def test_that_all_readings_are_gone_is_found(store: Store):
    execute_sql(store, "DELETE FROM reading")
    assert faults(store) == ["journal_deleted readings [1,3]"]


def test_readings_since_the_last_anchor_are_entered_by_the_next(store: Store, number: str):
    read(store, number, 4 * HOUR, "email")
    assert faults(store) == []
    new_case(store, 5 * HOUR)
    assert anchor(store, START + DAY) is not None
    execute_sql(store, "DELETE FROM reading WHERE id = 4")
    assert faults(store) == ["journal_deleted readings [4,4]"]


@pytest.mark.postgres
def test_a_reading_that_is_committed_after_a_later_one_is_no_fault(postgres_store: Store):
    store = postgres_store
    number = new_case(store)
    for _ in range(3):
        read(store, number, HOUR, "name")
    execute_sql(store, "DELETE FROM reading WHERE id = 2")
    assert anchor(store, START + HOUR) is not None
    execute_sql(store, INSERT, id=2)
    assert faults(store) == []
    new_case(store, 2 * HOUR)
    assert anchor(store, START + 2 * HOUR) is not None
    execute_sql(store, "UPDATE reading SET fields = 'email' WHERE id = 2")
    assert faults(store) == ["journal_changed readings [2,2]"]


def test_readings_are_kept_for_three_years(store: Store, number: str):
    late = START + THREE_YEARS + DAY
    read(store, number, THREE_YEARS + DAY, "email")
    new_case(store, THREE_YEARS + DAY)
    assert anchor(store, late, Anew(AUDITOR, "three years later")) is not None
    assert [row["fields"] for row in query_rows(store, "SELECT fields FROM reading")] == ["email"]
    assert faults(store) == []
    execute_sql(store, "UPDATE reading SET id = 1")
    assert set(faults(store)) == {"journal_deleted readings [4,4]", "journal_restored readings [1,3]"}


@pytest.mark.usefixtures("number")
def test_readings_that_somebody_dated_back_are_not_taken_for_old_ones(store: Store):
    execute_sql(store, "UPDATE reading SET at = at - :long", long=THREE_YEARS // timedelta.resolution)
    new_case(store, DAY)
    assert anchor(store, START + DAY) is not None
    assert query_rows(store, "SELECT count(*) AS n FROM reading") == [{"n": 3}]
    assert faults(store) == ["journal_changed readings [1,3]"]
