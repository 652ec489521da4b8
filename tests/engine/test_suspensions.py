"""Each hold and release of automatic work says by whom, when and why; the journal covers it, and verify misses it."""

from datetime import datetime

import pytest

from engine.access.principal import Principal
from engine.audit.verify import verify
from engine.commands.holds import hold, release
from engine.ledger.suspensions import newest_suspensions, suspensions_of
from engine.outbox.dead_letters import release_parked, retry_all
from engine.store import Store
from engine.timers.parking import CALLBACK, TIMER, TRIES, note_failure
from models.columns import to_micros
from tests.case_actions import HOUR, MANAGER, START, case_of, new_case, refusal
from tests.erasures import administrator_of

pytestmark = pytest.mark.requirement("H4")

Told = tuple[datetime, str, str, str]


@pytest.fixture
def administrator(store: Store) -> Principal:
    return administrator_of(store)


def park(store: Store, number: str, tries: int = TRIES) -> None:
    for n in range(tries):
        with store.writing() as tx:
            note_failure(tx, case_of(store, number)["id"], TIMER, "KeyError", to_micros(START + HOUR * n))


def entries(store: Store, number: str) -> list[Told]:
    with store.looking() as tx:
        found = suspensions_of(tx, case_of(store, number)["id"])
    return [(each.at, each.act, each.handle, each.reason) for each in found]


def test_a_kind_is_held_and_released_by_whom_when_and_why(store: Store):
    before, at = new_case(store), START + HOUR
    with store.writing() as tx:
        hold(tx, "complaint", MANAGER, "maintenance", at)
    with store.writing() as tx:
        assert not hold(tx, "complaint", MANAGER, "maintenance", at + HOUR), "it is on hold already"
    with store.writing() as tx:
        release(tx, "complaint", MANAGER, "cause_mended", at + HOUR)
    after = new_case(store, HOUR * 5)
    told = [(at, "held", MANAGER, "maintenance"), (at + HOUR, "released", MANAGER, "cause_mended")]
    assert entries(store, before) == told
    assert entries(store, after) == [], "it was opened afterwards"


def test_a_parked_case_says_who_released_it_and_why(store: Store, administrator: Principal):
    number, other = new_case(store), new_case(store)
    park(store, number)
    release_parked(store, administrator, number, "checked", START + HOUR * 9)
    last = START + HOUR * (TRIES - 1)
    who = administrator.actor.handle
    assert entries(store, number) == [
        (last, "held", "system", "KeyError"), (START + HOUR * 9, "released", who, "checked"),
    ]  # fmt: skip
    assert entries(store, other) == []


def test_what_is_tried_again_by_itself_was_not_suspended(store: Store, administrator: Principal):
    number = new_case(store)
    park(store, number, TRIES - 1)
    assert entries(store, number) == []
    with store.writing() as tx:
        note_failure(tx, case_of(store, number)["id"], CALLBACK, "OSError", to_micros(START))
    assert retry_all(store, administrator, START + HOUR).released == 2
    assert entries(store, number) == []


def test_trying_everything_again_is_the_reason_of_each_release(store: Store, administrator: Principal):
    numbers = [new_case(store), new_case(store)]
    for number in numbers:
        park(store, number)
    retry_all(store, administrator, START + HOUR * 9)
    with store.looking() as tx:
        newest = newest_suspensions(tx, 2)
    assert [(each.number, each.act, each.reason) for each in newest] == [
        (number, "released", "all_retried") for number in reversed(numbers)
    ]


def test_nothing_is_released_without_a_reason(store: Store, administrator: Principal):
    number = new_case(store)
    park(store, number)
    for reason in ("", "because"):
        refused = refusal(lambda reason=reason: release_parked(store, administrator, number, reason, START + HOUR * 9))
        assert refused.code == "no_release_reason"
    with store.writing() as tx:
        hold(tx, "complaint", MANAGER, "maintenance", START)
        assert refusal(lambda: release(tx, "complaint", MANAGER, "", START)).code == "no_release_reason"
    assert [act for _, act, *_ in entries(store, number)] == ["held", "held"]


def test_an_entry_that_is_changed_deleted_or_made_up_is_found(store: Store, administrator: Principal):
    number = new_case(store)
    park(store, number)
    release_parked(store, administrator, number, "checked", START + HOUR * 9)
    assert not [fault for fault in verify(store).faults if "suspension" in fault.what]
    with store.writing() as tx:
        tx.run("UPDATE suspension SET reason = 'cause_mended' WHERE act = 'released'")
        tx.run("DELETE FROM suspension WHERE act = 'held'")
        tx.run(
            "INSERT INTO suspension (id, at, act, kind, actor_id, reason)"
            " SELECT 99, at, act, kind, actor_id, reason FROM suspension"
        )
    faults = {fault.what.split(" ")[0] for fault in verify(store).faults if "suspension" in fault.what}
    assert faults == {"journal_changed", "journal_deleted", "journal_missing"}
