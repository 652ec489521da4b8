"""`closeloop deadline` needs no store, explains its result, and refuses what it cannot compute."""

from datetime import date

import pytest

from tests.apps.conftest import Closeloop

OFFICE = ("--calendar", "cn-office")
MONDAY = "2026-03-02T09:00:00+08:00"


def arguments_for(start: str = MONDAY, amount: object = 8, unit: str = "business_hours", calendar: str = "cn-office"):
    """Return the arguments of the command."""
    return "deadline", "--start", start, "--amount", amount, "--unit", unit, "--calendar", calendar


@pytest.mark.parametrize(
    ("arguments", "due"),
    [
        (arguments_for(), "2026-03-02T18:00:00+08:00"),
        (arguments_for("2026-03-02T02:00:00+01:00"), "2026-03-02T18:00:00+08:00"),
        (arguments_for(unit="hours"), "2026-03-02T17:00:00+08:00"),
        (arguments_for(unit="days"), "2026-03-10T09:00:00+08:00"),
        (arguments_for(unit="business_days"), "2026-03-12T18:00:00+08:00"),
        (arguments_for("2026-10-09T17:00:00+08:00", 2), "2026-10-10T10:00:00+08:00"),
        (arguments_for("2026-03-28T02:30:00+01:00", 1, "days", "berlin-office"), "2026-03-29T03:30:00+02:00"),
        (arguments_for("2026-10-24T02:30:00+02:00", 1, "days", "berlin-office"), "2026-10-25T02:30:00+02:00"),
    ],
)
def test_the_deadline_is_in_the_time_zone_of_the_calendar(closeloop: Closeloop, arguments: tuple[str, ...], due: str):
    document = closeloop.json(*arguments)
    assert (document["due"], document["provisional"], len(document["calendar_version"])) == (due, False, 12)


def test_seven_days_past_the_published_year_are_provisional(closeloop: Closeloop):
    arguments = arguments_for("2026-12-28T09:00:00+08:00", 7, "days")
    assert closeloop.json(*arguments)["provisional"] is True
    result = closeloop(*arguments)
    assert "Provisional" in result.out
    assert str(date(2026, 12, 31)) in result.out


def test_the_explanation_lists_every_day(closeloop: Closeloop):
    result = closeloop(*arguments_for("2026-09-30T17:00:00+08:00", 10, "business_hours"))
    days = [line for line in result.out.splitlines() if "2026-1" in line or "2026-09-30" in line]
    assert "Due 2026-10-09 10:00:00+08:00 Fri" in result.out
    assert [sum(kind in day for day in days) for kind in ("public holiday", "working day", "day off")] == [6, 3, 1]
    assert "1:00" in result.out
    assert "10:00" in result.out


def test_a_long_explanation_has_a_gap(closeloop: Closeloop):
    result = closeloop(*arguments_for(amount=500, unit="business_days"))
    assert 60 < len(result.out.splitlines()) < 80
    assert "…" in result.out
    assert " 500 " in result.out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (arguments_for(amount=0), "bad_amount"),
        (arguments_for(amount=-3), "bad_amount"),
        (arguments_for(amount=10**30), "usage"),
        (arguments_for(amount=1.5), "usage"),
        (arguments_for(amount=1_000_000, unit="business_days"), "deadline_too_far"),
        (arguments_for(unit="weeks"), "unknown_unit"),
        (arguments_for(calendar="moon"), "unknown_calendar"),
        (arguments_for("2026-03-02T09:00:00"), "bad_instant"),
        (arguments_for("tomorrow"), "bad_instant"),
        (arguments_for("9999-12-31T23:00:00-08:00"), "impossible_instant"),
        (arguments_for("0001-01-01T00:00:00+08:00"), "impossible_instant"),
    ],
)
def test_an_impossible_deadline_is_refused_with_its_remedy(closeloop: Closeloop, arguments: tuple[str, ...], code: str):
    assert closeloop.refused(*arguments)["code"] == code
