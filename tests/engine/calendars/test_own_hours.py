"""Hours of single weekdays and dates, days that last until midnight, and holidays of a part of a country."""

from datetime import UTC, date, datetime, time

import pytest

from engine.calendars.calendar import Calendar, calendar, calendars_in, holidays
from engine.calendars.calendar_table import written
from engine.calendars.deadlines import Unit, due, sort_of
from engine.rules.in_force import rules_of
from engine.rules.publishing import override
from engine.store import Store
from tests.case_actions import START, refusal
from tests.engine.rules.sample_rules import EVA, add_evaluator

DEPOT = """
[depot]
zone = "Asia/Shanghai"
weekdays = [0, 1, 2, 3, 4]
hours = [["08:00", "12:00"], ["13:00", "24:00"]]

[depot.weekday_hours]
saturday = [["08:00", "12:00"]]
friday = [["08:00", "11:00"], ["12:00", "15:00"], ["16:00", "18:00"]]

[depot.years.2026]
off = [2026-05-01, 2026-05-02]
worked = [2026-05-09]

[depot.exceptions]
2026-12-24 = [["08:00", "12:00"]]
2026-05-01 = [["09:00", "10:00"]]
2026-03-04 = []
"""


def depot(text: str = DEPOT) -> Calendar:
    return calendars_in(text, "depot.toml")["depot"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=depot().zone)


@pytest.mark.parametrize(
    ("start", "amount", "end"),
    [
        ("2026-03-02T08:00", 15, "2026-03-03T00:00"),  # four hours and eleven: used up at midnight
        ("2026-03-02T22:00", 3, "2026-03-03T09:00"),
        ("2026-03-03T22:00", 3, "2026-03-05T09:00"),  # the fourth is closed
        ("2026-03-06T10:00", 6, "2026-03-06T18:00"),  # Friday has three intervals
        ("2026-03-06T17:00", 2, "2026-03-07T09:00"),  # Saturday works until noon
        ("2026-03-07T11:00", 2, "2026-03-09T09:00"),
        ("2026-04-30T23:00", 2, "2026-05-01T10:00"),  # a holiday with an hour of its own
        ("2026-05-01T10:00", 1, "2026-05-04T09:00"),  # 2 May, a Saturday, is off
        ("2026-05-09T08:00", 15, "2026-05-10T00:00"),  # a Saturday that makes up for a weekday has the whole hours
        ("2026-12-24T11:00", 2, "2026-12-25T09:00"),
        ("2026-12-31T23:00", 1, "2027-01-01T00:00"),  # the day, and the year, end at midnight
        ("2026-12-31T23:00", 2, "2027-01-01T09:00"),
    ],
)
def test_working_hours_follow_the_hours_of_each_day(start: str, amount: int, end: str):
    assert due(depot(), at(start), amount, Unit.BUSINESS_HOURS) == at(end)


@pytest.mark.parametrize(
    ("start", "amount", "end"),
    [
        ("2026-03-02T09:00", 1, "2026-03-04T00:00"),
        ("2026-03-03T09:00", 1, "2026-03-06T00:00"),
        ("2026-03-06T09:00", 1, "2026-03-07T12:00"),
        ("2026-12-23T09:00", 1, "2026-12-24T12:00"),
    ],
)
def test_a_working_day_ends_at_its_own_close(start: str, amount: int, end: str):
    assert due(depot(), at(start), amount, Unit.BUSINESS_DAYS) == at(end)


def test_a_day_until_midnight_needs_no_workaround():
    """An interval until 23:59 left a minute over: what was due at midnight was due the next morning."""
    shift = '[late]\nzone = "Asia/Shanghai"\nweekdays = [0, 1, 2, 3, 4]\nhours = [["16:00", "{}"]]\n'
    whole, short = (calendars_in(shift.format(end), "late.toml")["late"] for end in ("24:00", "23:59"))
    start = at("2026-03-02T16:00")
    assert due(whole, start, 8, Unit.BUSINESS_HOURS) == at("2026-03-03T00:00")
    assert due(short, start, 8, Unit.BUSINESS_HOURS) == at("2026-03-03T16:01")


def test_two_intervals_that_meet_at_midnight_are_one():
    round_the_clock = '[any]\nzone = "Asia/Shanghai"\nweekdays = [0, 1, 2, 3, 4, 5, 6]\nhours = [["00:00", "24:00"]]\n'
    always = calendars_in(round_the_clock, "any.toml")["any"]
    start = at("2026-03-02T09:30")
    assert always.next_open(start) == start
    assert due(always, start, 100, Unit.BUSINESS_HOURS) == due(always, start, 100, Unit.HOURS)


def test_the_explanation_names_a_date_with_hours_of_its_own():
    sorts = {str(day): sort_of(depot(), day) for day in (date(2026, 12, 24), date(2026, 3, 4), date(2026, 3, 7))}
    assert sorts == {"2026-12-24": "exception", "2026-03-04": "exception", "2026-03-07": "working"}


@pytest.mark.parametrize(
    "text", [DEPOT, DEPOT.replace("[depot.weekday_hours]", "[depot.weekday_hours]\nmonday = [['00:00', '24:00']]")]
)
def test_a_calendar_with_hours_of_its_own_is_written_and_read_back(text: str):
    [again] = calendars_in(written(depot(text)), "copy.toml").values()
    assert (again, again.version) == (depot(text), depot(text).version)


def test_a_calendar_without_them_keeps_its_version():
    """Editions are recorded by the hash of their content: what was published must read the same."""
    assert [calendar(name).version for name in ("cn-hotline", "cn-office", "cn-daytime")] == [
        "44cff5bcda56",
        "aebf9235be40",
        "d577fc01644a",
    ]
    plain = DEPOT[: DEPOT.index("[depot.weekday_hours]")]
    assert len({depot(text).version for text in (DEPOT, plain, plain + "[depot.exceptions]\n2026-12-24 = []\n")}) == 3


USUAL = 'weekdays = [0, 1, 2, 3, 4]\nhours = [["08:00", "12:00"], ["13:00", "24:00"]]'
FAULTS = {
    "a misspelt weekday": ("saturday =", "samstag =", "depot.weekday_hours.samstag", "use monday, tuesday"),
    "a weekday without hours": (
        'saturday = [["08:00", "12:00"]]',
        "saturday = []",
        "depot.weekday_hours.saturday",
        "out of weekdays",
    ),
    "an exception that is no date": (
        "2026-12-24",
        "christmas",
        "depot.exceptions.christmas",
        "written like 2026-12-24",
    ),
    "an impossible date": ("2026-12-24", "2026-02-30", "depot.exceptions.2026-02-30", "must be a day"),
    "a night across midnight": ('["13:00", "24:00"]', '["22:00", "06:00"]', "depot.hours", "split a night at 24:00"),
    "midnight written as the beginning": ('"24:00"', '"00:00"', "depot.hours", 'a day ends at "24:00"'),
    "an interval after midnight": (
        '["13:00", "24:00"]',
        '["13:00", "24:00"], ["14:00", "15:00"]',
        "depot.hours",
        "until 24:00",
    ),
    "a beginning at the end of the day": ('["13:00", "24:00"]', '["24:00", "24:00"]', "depot.hours", "pairs like"),
    "a list instead of a table": (
        "[depot.weekday_hours]",
        "weekday_hours = []\n[depot.other]",
        "depot.weekday_hours",
        "must be a table",
    ),
    "hours of days without usual hours": (USUAL, "", "depot.hours", "give it hours"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faulty_hours_are_refused_with_field_and_reason(fault: str):
    old, new, field, why = FAULTS[fault]
    refused = refusal(lambda: depot(DEPOT.replace(old, new, 1)))
    assert any(entry["field"] == field and why in entry["why"] for entry in refused.params["faults"]), refused.params


def test_berlin_has_two_holidays_of_its_own():
    """8 March is a holiday in Berlin alone, 8 May was one in 2025."""
    own, country = holidays("DE-BE"), holidays("DE")
    assert own is not None
    assert country is not None
    assert {day for day in own.off - country.off if day.year == 2025} == {date(2025, 3, 8), date(2025, 5, 8)}
    berlin = calendar("berlin-office")
    start = datetime(2025, 5, 7, 16, tzinfo=berlin.zone)
    assert due(berlin, start, 2, Unit.BUSINESS_HOURS) == datetime(2025, 5, 9, 7, tzinfo=UTC)


@pytest.mark.parametrize("region", ["DE-XX", "DE-", "de-be", "DE-BE.toml", "../DE", "DE-BE-1"])
def test_a_region_without_a_table_has_no_holidays(region: str):
    assert holidays(region) is None


def test_single_dates_are_given_hours_and_lose_them_again(store: Store):
    add_evaluator(store)
    eve, fair = date(2026, 12, 24), date(2027, 5, 6)
    own = {str(eve): [["09:00", "12:00"]], str(fair): []}
    override(store, "cn-office", [], [], EVA, START, "short days", own)
    office = rules_of(store).calendar("cn-office")
    assert office.hours_on(eve) == ((time(9), time(12)),)
    assert (office.works(eve), office.works(fair)) == (True, False), "an exception needs no published year"
    override(store, "cn-office", [eve], [], EVA, START, "closed after all")
    office = rules_of(store).calendar("cn-office")
    assert (office.works(eve), office.is_exception(eve), office.is_exception(fair)) == (False, False, True)
    faulty = {str(eve): [["12:00", "09:00"]]}
    refused = refusal(lambda: override(store, "cn-office", [], [], EVA, START, "why", faulty))
    assert refused.params["faults"][0]["field"] == f"exceptions.{eve}"
    refused = refusal(lambda: override(store, "cn-hotline", [], [], EVA, START, "why", own))
    assert "never sleeps" in refused.params["faults"][0]["why"]
