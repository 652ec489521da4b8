"""`closeloop deadline` needs no store, explains itself, and refuses what it cannot reckon."""

from datetime import date

import pytest

from tests.apps.conftest import Closeloop

OFFICE = ("--calendar", "cn-office")
MONDAY = "2026-03-02T09:00:00+08:00"


def words(start: str = MONDAY, amount: object = 8, unit: str = "business_hours", calendar: str = "cn-office"):
    return "deadline", "--start", start, "--amount", amount, "--unit", unit, "--calendar", calendar


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        (words(), "2026-03-02T18:00:00+08:00"),
        (words("2026-03-02T02:00:00+01:00"), "2026-03-02T18:00:00+08:00"),
        (words(unit="hours"), "2026-03-02T17:00:00+08:00"),
        (words(unit="days"), "2026-03-10T09:00:00+08:00"),
        (words(unit="business_days"), "2026-03-12T18:00:00+08:00"),
        (words("2026-10-09T17:00:00+08:00", 2), "2026-10-10T10:00:00+08:00"),
        (words("2026-03-28T02:30:00+01:00", 1, "days", "berlin-office"), "2026-03-29T03:30:00+02:00"),
        (words("2026-10-24T02:30:00+02:00", 1, "days", "berlin-office"), "2026-10-25T02:30:00+02:00"),
    ],
)
def test_due_is_told_where_the_calendar_lives(closeloop: Closeloop, asked: tuple[str, ...], due: str):
    told = closeloop.json(*asked)
    assert (told["due"], told["provisional"], len(told["calendar_version"])) == (due, False, 12)


def test_seven_days_past_the_published_year_are_provisional(closeloop: Closeloop):
    asked = words("2026-12-28T09:00:00+08:00", 7, "days")
    assert closeloop.json(*asked)["provisional"] is True
    said = closeloop(*asked)
    assert "Provisional" in said.out
    assert str(date(2026, 12, 31)) in said.out


def test_a_person_reads_every_day(closeloop: Closeloop):
    said = closeloop(*words("2026-09-30T17:00:00+08:00", 10, "business_hours"))
    days = [line for line in said.out.splitlines() if "2026-1" in line or "2026-09-30" in line]
    assert "Due 2026-10-09 10:00:00+08:00 Fri" in said.out
    assert [sum(kind in day for day in days) for kind in ("public holiday", "working day", "day off")] == [6, 3, 1]
    assert "1:00" in said.out
    assert "10:00" in said.out


def test_a_long_explanation_has_a_gap(closeloop: Closeloop):
    said = closeloop(*words(amount=500, unit="business_days"))
    assert 60 < len(said.out.splitlines()) < 80
    assert "…" in said.out
    assert " 500 " in said.out


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (words(amount=0), "bad_amount"),
        (words(amount=-3), "bad_amount"),
        (words(amount=10**30), "bad_amount"),
        (words(amount=1.5), "usage"),
        (words(amount=1_000_000, unit="business_days"), "deadline_too_far"),
        (words(unit="weeks"), "unknown_unit"),
        (words(calendar="moon"), "unknown_calendar"),
        (words("2026-03-02T09:00:00"), "bad_instant"),
        (words("tomorrow"), "bad_instant"),
        (words("9999-12-31T23:00:00-08:00"), "deadline_too_far"),
        (words("0001-01-01T00:00:00+08:00"), "deadline_too_far"),
    ],
)
def test_what_cannot_be_reckoned_is_refused_with_its_remedy(closeloop: Closeloop, asked: tuple[str, ...], code: str):
    assert closeloop.refused(*asked)["code"] == code
