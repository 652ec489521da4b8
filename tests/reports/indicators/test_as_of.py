"""A figure as of an instant stays what it was, whatever is recorded later; a correction shows beside it (E2)."""

from datetime import timedelta

import pytest

from apps.indicator_documents import indicator_document
from apps.principal_indicators import SeenIndicator, indicator_seen
from engine.access.doors import home_owner
from engine.actors import system_actor
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.create_store import set_clock
from engine.rules.in_force import rules_in
from engine.store import Store
from models.columns import to_micros
from reports.indicators.figures import Figure, figures
from reports.indicators.periods import period_of
from tests.case_actions import AGENT, DAY, HOUR, MANAGER, START, make_move, new_case, new_resolved_case

pytestmark = pytest.mark.requirement("E2")

MARCH = period_of("2026-03")


def read(store: Store, after: timedelta) -> dict[str, Figure]:
    """Return every indicator of March as of this long after ``START``."""
    as_of = to_micros(START + after)
    with store.looking() as tx:
        rules = rules_in(tx)
        found = figures(tx, rules, list(rules.indicators(as_of).values()), [MARCH], as_of)
    return {name: figure for name, [figure] in found.items()}


def seen(store: Store, name: str, after: timedelta, now: timedelta) -> SeenIndicator:
    with store.looking() as tx:
        owner = home_owner(system_actor(tx))
    return indicator_seen(store, owner, name, MARCH, START + after, START + now)


def undelivered(store: Store, number: str, message: int, after: timedelta) -> None:
    form = {"message": message, "cause": "mailbox_full"}
    advance(store, Command(number, "message_undelivered", form, actor="system"), START + after)


def test_a_promise_that_was_met_then_stays_met_as_of_then_when_its_message_comes_back(store: Store):
    number = new_case(store, email="wang@example.com")
    reply = make_move(store, number, "reply", after=HOUR, medium="send", recipient=None).seq
    before = read(store, DAY)
    assert (before["first_reply"].numerator, before["first_reply"].denominator) == (1, 1)
    undelivered(store, number, reply, 2 * DAY)
    assert read(store, 2 * DAY)["first_reply"].denominator == 0
    assert read(store, DAY) == before


def test_the_figures_of_an_instant_are_the_same_a_year_later(store: Store):
    numbers = [new_resolved_case(store, hour * HOUR, phone=f"1380013800{hour}") for hour in range(4)]
    for hour, number in enumerate(numbers[:3]):
        outcome = "satisfied" if hour else "dissatisfied"
        make_move(store, number, "revisit", by=AGENT, after=(hour + 30) * HOUR, outcome=outcome, attitude=hour + 2)
    make_move(store, numbers[0], "determine_responsibility", after=40 * HOUR)
    make_move(store, numbers[0], "confirm_responsibility", after=40 * HOUR)
    make_move(store, numbers[0], "compensate", by="han", after=41 * HOUR)
    make_move(store, new_case(store, 42 * HOUR), "withdraw", by=MANAGER, after=43 * HOUR)
    first = read(store, 3 * DAY)
    make_move(store, numbers[0], "reclassify", after=100 * DAY, category="damage", department="hotline")
    make_move(store, numbers[0], "determine_responsibility", after=101 * DAY, cause="delay")
    make_move(store, numbers[0], "confirm_responsibility", after=101 * DAY, confirmed_cause="delay")
    make_move(store, numbers[0], "compensate", by="han", after=102 * DAY, compensation=10)
    make_move(store, numbers[0], "resolve", after=103 * DAY)
    make_move(store, numbers[1], "come_back", by=AGENT, after=6 * DAY, words="Broken again.")
    set_clock(store, START + 365 * DAY)
    assert read(store, 3 * DAY) == first
    later = read(store, 365 * DAY)
    assert {name for name in first if later[name] != first[name]} >= {"compensation", "reopening_rate"}


def test_a_correction_shows_beside_the_figure_with_the_case_and_what_was_recorded(store: Store):
    number = new_case(store, email="wang@example.com")
    reply = make_move(store, number, "reply", after=HOUR, medium="send", recipient=None).seq
    assert seen(store, "first_reply", DAY, DAY).reread is None
    undelivered(store, number, reply, 40 * DAY)
    document = indicator_document(seen(store, "first_reply", DAY, 41 * DAY))
    assert (document["value"], document["numerator"], document["denominator"]) == (100.0, 1, 1)
    later = document["reread"]
    assert (later["value"], later["why"], later["cases_changed"]) == (None, "empty_population", 1)
    [changed] = later["changed_by"]
    assert (changed["number"], changed["moves"][-1]["move"]) == (number, "message_undelivered")


def test_a_figure_of_now_shows_what_it_was_when_the_period_was_over(store: Store):
    number = new_case(store, email="wang@example.com")
    reply = make_move(store, number, "reply", after=HOUR, medium="send", recipient=None).seq
    undelivered(store, number, reply, 40 * DAY)
    document = indicator_document(seen(store, "first_reply", 41 * DAY, 41 * DAY))
    assert (document["value"], document["reread"]["value"]) == (None, 100.0)
    assert document["reread"]["as_of"].isoformat() == "2026-03-31T16:00:00+00:00"
