"""What would refuse a case or a callback is found when a pack or a calendar is published, not when a customer calls."""

from datetime import date, timedelta

import pytest

from engine.calendars.deadlines import MOST
from engine.rules.publishing import Published, publish
from engine.store import Store
from tests.case_actions import START, query_rows, refusal
from tests.engine.rules.sample_rules import EVA, OFFICE, add_evaluator, pack_text

NEVER_OPEN = '[shut]\nzone = "Asia/Shanghai"\nweekdays = [0]\nhours = [["10:00", "11:00"]]\n'


def published(store: Store, text: str, sort: str = "pack") -> Published:
    return publish(store, sort, text, EVA, START, START, "decision 4", "some.toml")


def faults(store: Store, text: str, sort: str = "pack") -> list[tuple[str, str]]:
    refused = refusal(lambda: published(store, text, sort))
    assert refused.code == f"bad_{sort}"
    return [(fault["field"], fault["why"]) for fault in refused.params["faults"]]


def closed_for_two_years(name: str) -> str:
    """Return a calendar without a working day in this year and the next one."""
    text = NEVER_OPEN
    for year in (2026, 2027):
        text += f"\n[shut.years.{year}]\noff = [{', '.join(mondays(year))}]\nworked = []\n"
    return text.replace("shut", name)


def mondays(year: int) -> list[str]:
    first = date(year, 1, 1)
    days = (first + timedelta(days=n) for n in range(366))
    return [str(day) for day in days if day.weekday() == 0 and day.year == year]


@pytest.mark.requirement("F4")
def test_a_limit_in_a_calendar_that_never_opens_is_refused_when_it_is_published(store: Store):
    add_evaluator(store)
    published(store, closed_for_two_years("shut"), "calendar")
    text = pack_text("logistics", 4).replace('"hours"', '"business_hours"\ncalendar = "shut"')
    assert faults(store, text.replace("business_hours", "business_days")) == [
        ("clauses.first_reply", "calendar_never_open: shut")
    ]
    override = '\n[[clauses.first_reply.when]]\nseverity = "urgent"\namount = 1\nunit = "business_days"\nsource = "D"\n'
    assert faults(store, pack_text("logistics", 4) + override + 'calendar = "shut"\n') == [
        ("clauses.first_reply.when.0", "calendar_never_open: shut")
    ]
    callbacks = '[callbacks]\ncalendar = "shut"\n'
    assert faults(store, pack_text("logistics", 4) + callbacks) == [("callbacks.calendar", "calendar_never_open: shut")]
    assert query_rows(store, "SELECT name FROM edition") == [{"name": "shut"}]


@pytest.mark.requirement("F4")
def test_a_limit_beyond_every_calendar_is_refused_when_it_is_published(store: Store):
    add_evaluator(store)
    text = pack_text("logistics", MOST).replace('"hours"', '"days"')
    assert faults(store, text) == [("clauses.first_reply", "deadline_too_far: cn-hotline")]


@pytest.mark.requirement("F4")
def test_a_calendar_that_a_pack_in_force_cannot_do_with_is_refused(store: Store):
    """Every shipped pack calls customers back in the hours of the office."""
    add_evaluator(store)
    named = faults(store, closed_for_two_years("cn-office"), "calendar")
    assert ("logistics: callbacks.calendar", "calendar_never_open: cn-office") in named
    assert published(store, OFFICE, "calendar").new


@pytest.mark.requirement("A5")
def test_a_limit_that_is_not_set_refuses_no_publication(store: Store):
    add_evaluator(store)
    assert published(store, pack_text("cold-chain", 1)).new
