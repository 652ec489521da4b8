"""The callback list of a day: shared out over people, each line with the case's story (D3)."""

from datetime import date, timedelta

import pytest

from engine.actors import NewActor, add_actor
from engine.callbacks.attempts import call_off, due, hand_over, plan
from engine.store import Store
from reports.callback_list import gather
from reports.morning_report import gather as morning
from reports.morning_report_text import render
from statemachines.roles import Role
from tests.case_actions import AGENT, DAY, HOUR, START, case_of, make_move, new_case, new_resolved_case

pytestmark = pytest.mark.requirement("D3")

TODAY, TOMORROW = date(2026, 3, 2), date(2026, 3, 3)


@pytest.fixture
def planned(store: Store) -> Store:
    """Five cases are to be called on the third of March; Ann and Amy call."""
    with store.writing() as tx:
        add_actor(tx, NewActor("ann", (Role.AGENT,)))
    for n in range(5):
        new_resolved_case(store, n * HOUR / 4, customer=f"Customer {n}", phone=f"1380013800{n}")
    plan(store, START + HOUR)
    return store


def test_the_day_is_shared_out_over_people(planned: Store):
    told = gather(planned, START + HOUR, TOMORROW)
    assert told.by_owner == {AGENT: 3, "ann": 2}
    assert [line.owner for line in told.lines] == [AGENT] * 3 + ["ann"] * 2
    assert [line.planned_at for line in told.lines[:3]] == sorted(line.planned_at for line in told.lines[:3])


def test_a_line_tells_whom_to_call_and_the_story(planned: Store):
    [first, *_] = gather(planned, START, TOMORROW).lines
    assert (first.name, first.phone, first.attempt, first.round) == ("Customer 0", "13800138000", 1, 1)
    assert (first.kind, first.category, first.result) == ("complaint", "damage", "Paid in full.")
    assert (first.planned_at, first.due_at) == (START + DAY, START + 7 * DAY)


def test_the_story_of_a_later_round_tells_its_own_result(store: Store):
    number = new_resolved_case(store)
    make_move(store, number, "revisit", by="system", outcome="dissatisfied")
    make_move(store, number, "resolve", result="Paid twice.", after=HOUR)
    make_move(store, number, "note", after=HOUR)
    plan(store, START + HOUR)
    [line] = gather(store, START + DAY + HOUR).lines
    assert (line.round, line.result) == (2, "Paid twice.")


@pytest.mark.requirement("A6")
def test_the_customers_of_merged_cases_are_called_with_the_case_that_goes_on(store: Store):
    target = new_case(store, customer="Wang", phone="13800000001")
    other = new_case(store, customer="Li", phone="13800000002")
    third = new_case(store, customer="Zhao", phone="13800000003")
    same = new_case(store, customer="Wang", phone="13800000001")
    for merged, into in ((third, other), (other, target), (same, target)):
        if merged != same:
            make_move(store, merged, "consent_to_merge", agreed_into=into)
        make_move(store, merged, "merge", into=into)
        make_move(store, into, "absorb", by="system", case=merged)
    for move in ("classify", "investigate", "resolve"):
        make_move(store, target, move)
    plan(store, START)
    [line] = gather(store, START, TOMORROW).lines
    assert {(customer.name, customer.phone) for customer in line.others} == {
        ("Li", "13800000002"),
        ("Zhao", "13800000003"),
    }
    make_move(store, other, "undo_end")
    [line] = gather(store, START, TOMORROW).lines
    assert line.others == (), "Li has his own case again, and Zhao's matter goes on there"


def test_each_sees_his_own(planned: Store):
    assert {line.owner for line in gather(planned, START, TOMORROW, "ann").lines} == {"ann"}
    assert gather(planned, START, TOMORROW, "nobody").lines == ()


def test_today_holds_what_was_left_undone_and_other_days_do_not(planned: Store):
    assert gather(planned, START).lines == ()
    assert len(gather(planned, START + DAY).lines) == 5
    assert len(gather(planned, START + 2 * DAY).lines) == 5
    assert gather(planned, START + DAY, date(2026, 3, 4)).lines == ()
    assert len(gather(planned, START + 3 * DAY, TOMORROW).lines) == 5


def test_a_day_is_the_day_of_the_place(store: Store):
    """Nine in the morning in Shanghai is one at night in Greenwich; the list begins at midnight in Shanghai."""
    new_resolved_case(store)
    plan(store, START)
    before = timedelta(hours=9, microseconds=1)
    assert gather(store, START + DAY - before).lines == ()
    assert len(gather(store, START + DAY - before + timedelta(microseconds=1)).lines) == 1


def test_one_that_a_person_has_in_hand_stays_on_the_list_until_it_is_done(planned: Store):
    [first, *_] = due(planned, START + DAY)
    hand_over(planned, first)
    assert len(gather(planned, START + DAY).lines) == 5
    make_move(planned, first.number, "revisit", by="system", after=DAY)
    assert len(gather(planned, START + DAY).lines) == 4, "its clock has stopped, though nobody has called it off yet"
    call_off(planned, case_of(planned, first.number)["id"], "revisit", START + DAY)
    assert len(gather(planned, START + DAY).lines) == 4


def test_what_nobody_may_call_stands_at_the_end(planned: Store):
    number = new_case(planned)
    make_move(planned, number, "classify")
    for handle, again in ((AGENT, True), ("ann", True), ("sue", False)):
        if handle == AGENT:
            make_move(planned, number, "investigate", by=handle)
        make_move(planned, number, "resolve", by=handle)
        if again:
            make_move(planned, number, "revisit", by="system", outcome="dissatisfied")
    plan(planned, START + HOUR)
    told = gather(planned, START + DAY)
    assert told.by_owner[""] == 1
    assert (told.lines[-1].number, told.lines[-1].owner) == (number, None)


def test_the_morning_report_tells_how_the_calls_are_shared_out(planned: Store):
    report = morning(planned, START + DAY)
    assert report.callers == {AGENT: 3, "ann": 2}
    text = render(report, "en")
    assert "Callbacks in the next 24 hours: 5, by person: amy 3, ann 2." in text
    assert "1380000000" not in text, "whose number it is stands in no report"
