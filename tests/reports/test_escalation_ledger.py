"""The ledger of escalations has no holes: each holds all that fired since the last one, whoever fired it."""

from datetime import timedelta

import pytest

from engine.escalation.fire import fire_due
from engine.runs import Done, keep
from engine.store import Store
from reports import escalation_ledger
from reports.escalation_ledger import LEDGER_RUN, Ledger, unreported
from tests.case_actions import DAY, HOUR, START, make_move, new_case

pytestmark = [pytest.mark.requirement("I1"), pytest.mark.any_database]

LIMIT = 500


def read(store: Store, limit: int = LIMIT) -> Ledger:
    with store.looking() as tx:
        return unreported(tx, START - DAY, limit)


def report(store: Store) -> list[int]:
    """Read a ledger, keep it as the Prefect UI would, and return the percentages in it."""
    ledger = read(store)
    if ledger.steps:
        note = {"overlap": list(ledger.overlap)}
        keep(store, Done(LEDGER_RUN, ledger.until, ledger.until, observed=True, did=ledger.count, note=note))
    return [step.percent for step in ledger.steps]


def test_each_ledger_begins_where_the_last_one_ended(store: Store):
    number = new_case(store)
    assert report(store) == []
    fire_due(store, START + HOUR * 1.5)
    [step] = read(store).steps
    assert (step.number, step.clause, step.percent, step.level, step.move) == (number, "first_reply", 75, 0, "remind")
    assert report(store) == [75]
    assert report(store) == []
    fire_due(store, START + HOUR * 2)
    fire_due(store, START + HOUR * 3)  # nobody left a ledger of the one before
    assert report(store) == [100, 150]


def test_a_step_that_a_persons_move_fired_is_in_the_next_ledger(store: Store):
    number = new_case(store)
    make_move(store, number, "classify", after=HOUR * 1.8)
    assert report(store) == [75]


def test_a_step_that_becomes_visible_late_is_not_missed(store: Store):
    """Its transaction began before that of a step which was reported already."""
    new_case(store)
    fire_due(store, START + HOUR * 1.5 + timedelta(seconds=30))
    assert report(store) == [75]
    late = new_case(store)
    fire_due(store, START + HOUR * 1.5 + timedelta(seconds=10))
    assert [step.number for step in read(store).steps] == [late]
    assert report(store) == [75]
    assert report(store) == []


def test_of_more_than_it_shows_it_counts_all_and_the_next_one_goes_on_after_them(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    for _ in range(5):
        new_case(store)
    fire_due(store, START + HOUR * 1.5)
    ledger = read(store, limit=3)
    assert (len(ledger.steps), ledger.count, ledger.overlap) == (3, 5, ())
    monkeypatch.setattr(escalation_ledger, "REMEMBERED", 2)
    assert read(store).overlap == ()
    assert len(report(store)) == 5
    assert report(store) == []
