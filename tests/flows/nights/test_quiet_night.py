"""A night in which nothing moved finds that out without writing, and still leaves its run."""

import asyncio
from datetime import timedelta

import pytest

from engine.ledger.anchoring import anchor
from engine.store import Store
from flows.nights.indicator_counts import count_questions
from flows.scheduled_work import run_scheduled
from flows.work import Work
from gateways.schedule import OVERNIGHT
from models.columns import to_micros
from tests.case_actions import DAY, HOUR, START, make_move, new_resolved_case, query_rows
from tests.flows.scenes import drained

pytestmark = pytest.mark.requirement("E2")


def counts(store: Store) -> list[dict[str, object]]:
    return query_rows(store, "SELECT * FROM indicator_count ORDER BY question, as_of")


def test_a_night_in_which_nothing_moved_writes_no_count(store: Store):
    new_resolved_case(store)
    anchor(store, START + DAY)
    number = count_questions(store)
    before = counts(store)
    with store.writing():  # on SQLite, which has one writer, the night would be refused as busy if it were another
        assert count_questions(store) == number == len({row["question"] for row in before})
    assert counts(store) == before


def test_a_night_brings_only_what_is_missing_up_to_date(store: Store):
    number = new_resolved_case(store)
    anchor(store, START + DAY)
    count_questions(store)
    before = counts(store)
    with store.writing() as tx:
        tx.run("DELETE FROM indicator_count WHERE facts = 'openings'")
    count_questions(store)
    assert counts(store) == before
    make_move(store, number, "note", after=DAY + HOUR, note="Again.")
    anchor(store, START + 2 * DAY)
    count_questions(store)
    newest = {row["as_of"] for row in counts(store)} - {row["as_of"] for row in before}
    assert newest == {to_micros(START + 2 * DAY - timedelta(minutes=1))}


@pytest.mark.usefixtures("awaited_are_not_told")
def test_a_night_in_which_nothing_moved_leaves_its_run(work: Work):
    for days in (1, 2, 3):
        drained(work, days * DAY)
        asyncio.run(run_scheduled(work, OVERNIGHT))
    assert query_rows(work.store, "SELECT count(*) AS n FROM run WHERE flow = :flow", flow=OVERNIGHT) == [{"n": 3}]
