"""The event feed gets each move once, in order, whoever made it, however it is cut into batches."""

from datetime import timedelta

import pytest

from engine.create_store import set_clock
from engine.outbox.deliveries import lease, settle
from engine.runs import Done, keep_newest
from engine.store import Store
from flows.prefect_ui.runs_of_cases import run_id_of, runs_of
from reports.event_feed import FEED_RUN, MovePosition, Position, unposted
from tests.case_actions import DAY, HOUR, START, SUPERVISOR, make_move, new_case

pytestmark = pytest.mark.requirement("I1")

Move = tuple[str, int]
MICROSECOND = timedelta(microseconds=1)
RUN = "0f8fad5b-d9cb-469f-a165-70867728950e"


def next_batch(store: Store, limit: int = 1_000) -> list[Move]:
    """Post the next moves, as the feed does when Prefect takes them."""
    with store.looking() as tx:
        new = unposted(tx, START - DAY, store.now(), limit)
    if new.moves:
        done = Done(FEED_RUN, store.now(), store.now(), observed=True, did=len(new.moves), note=new.position.note)
        keep_newest(store, done)
    return [(move.number, move.seq) for move in new.moves]


def all_batches(store: Store, limit: int) -> list[Move]:
    posted: list[Move] = []
    while batch := next_batch(store, limit):
        assert len(batch) <= limit
        posted += batch
    return posted


def test_moves_by_commands_are_posted_each_once(store: Store):
    number = new_case(store)
    make_move(store, number, "classify")
    assert next_batch(store) == [(number, 1), (number, 2)]
    assert next_batch(store) == []
    make_move(store, number, "escalate", level=1, by=SUPERVISOR, after=HOUR)
    set_clock(store, START + HOUR)
    assert next_batch(store) == [(number, 3)]
    assert next_batch(store) == []


@pytest.mark.parametrize("limit", [1, 3, 200])
def test_many_moves_of_one_instant_are_posted_each_once_in_batches(store: Store, limit: int):
    numbers = [new_case(store) for _ in range(5)]
    for number in numbers:
        make_move(store, number, "classify")
    expected = [(number, seq) for number in numbers for seq in (1, 2)]
    assert all_batches(store, limit) == expected
    make_move(store, numbers[2], "note", note="still broken")
    assert all_batches(store, limit) == [(numbers[2], 3)]


def test_what_was_not_taken_is_read_again(store: Store):
    number = new_case(store)
    with store.looking() as tx:
        first = unposted(tx, START - DAY, store.now(), 10)
        again = unposted(tx, START - DAY, store.now(), 10)
    assert [(move.number, move.seq) for move in first.moves] == [(number, 1)]
    assert again == first


def test_a_move_that_becomes_visible_late_is_posted(store: Store):
    """A transaction that waited bears an earlier instant than one that was posted already."""
    early, later = new_case(store), new_case(store)
    make_move(store, later, "classify", after=HOUR)
    set_clock(store, START + HOUR)
    assert len(next_batch(store)) == 3
    make_move(store, early, "classify", after=HOUR - timedelta(seconds=30))
    assert next_batch(store) == [(early, 2)]
    assert next_batch(store) == []


def test_what_is_older_than_the_feed_reaches_is_left_out(store: Store):
    new_case(store)
    set_clock(store, START + 2 * DAY)
    number = new_case(store, after=2 * DAY)
    with store.looking() as tx:
        new = unposted(tx, START + DAY, store.now(), 10)
    assert [(move.number, move.seq) for move in new.moves] == [(number, 1)]


def test_a_position_remembers_a_bounded_number_of_moves():
    moves = [MovePosition(0, case, 1) for case in range(1, 5_001)]
    position = Position(MovePosition(0, 0, 0))
    for begin in range(0, len(moves), 200):
        position = position.after(moves[begin : begin + 200])
        assert len(position.posted) <= 1_000
        assert position.settled == (moves[begin + 199 - 1_000] if begin >= 1_000 else MovePosition(0, 0, 0))


def test_a_move_bears_who_delivered_it_and_a_case_the_runs_that_worked_on_it(store: Store):
    number, other = new_case(store), new_case(store)
    owner = f"4711-ab12cd34-{RUN}"
    leased = lease(store, owner, lambda _: ("greet",), START + MICROSECOND)
    settle(store, [(delivery, None) for delivery in leased if delivery.event.number == number], START + HOUR)
    with store.looking() as tx:
        moves = unposted(tx, START - DAY, store.now(), 10).moves
    assert {move.number: run_id_of(move.delivered_by) for move in moves} == {number: RUN, other: None}
    worked = runs_of(store, [number, other])
    assert [(run.run_id, run.at) for run in worked[number]] == [(RUN, START + HOUR)]
    assert worked[other] == [], "its delivery is leased and not done"


@pytest.mark.parametrize("owner", [None, "", "me", "4711-ab12cd34", "4711-ab12cd34-not-a-run-id-of-thirty-six-chars"])
def test_a_process_without_a_run_is_no_run(owner: str | None):
    assert run_id_of(owner) is None
