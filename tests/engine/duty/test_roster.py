"""Who is on duty: the pattern of the week, holidays, swaps, new rosters, and the days on which clocks change."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars.calendar import calendar
from engine.duty.gaps import gaps
from engine.duty.roster import Roster, RosterEdition, Swap, on_duty
from models.shifts import HOLIDAY, HOUSE, NOT_NEEDED, WEEKDAYS, DatedShift, WeeklyShift

pytestmark = pytest.mark.requirement("B11")

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
EVERY_DAY, WEEKEND = frozenset(WEEKDAYS), frozenset({"sat", "sun"})
BEGIN = date(2026, 1, 5)


def shift(person: str, begins: str, ends: str, days: frozenset[str] = EVERY_DAY, department: str = "claims", level=1):
    return WeeklyShift(department, level, days, time.fromisoformat(begins), time.fromisoformat(ends), person)


def edition(*shifts: WeeklyShift | DatedShift, number: int = 1, valid_from: date = BEGIN, named: str = "cn-office"):
    return RosterEdition(number, valid_from, calendar(named), shifts)


DAY_AND_NIGHT = edition(shift("li", "20:00", "08:00"), shift("wang", "08:00", "20:00"))


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def asked(*editions: RosterEdition, when: str, department: str | None = "claims", level: int = 1, swaps=()):
    return on_duty(Roster(editions, tuple(swaps)), department, level, at(when))


def test_a_shift_that_begins_in_the_evening_lasts_until_the_morning():
    assert asked(DAY_AND_NIGHT, when="2026-03-02T02:10") == ("li",)
    assert asked(DAY_AND_NIGHT, when="2026-03-02T07:59") == ("li",)
    assert asked(DAY_AND_NIGHT, when="2026-03-02T08:00") == ("wang",)


def test_a_shift_that_ends_when_it_begins_lasts_a_day():
    assert asked(edition(shift("li", "09:00", "09:00", WEEKEND)), when="2026-03-09T08:59") == ("li",)
    assert asked(edition(shift("li", "09:00", "09:00", WEEKEND)), when="2026-03-09T09:00") == ()


def test_two_people_share_a_shift():
    both = edition(shift("li", "20:00", "08:00"), shift("chen", "20:00", "08:00"))
    assert asked(both, when="2026-03-02T21:00") == ("li", "chen")


def test_without_a_roster_nobody_has_to_be_on_duty():
    assert asked(when="2026-03-02T21:00") is None
    assert asked(DAY_AND_NIGHT, when="2026-03-02T21:00", level=2) is None
    assert asked(DAY_AND_NIGHT, when="2025-12-31T21:00") is None


def test_a_department_without_a_roster_is_served_by_that_of_the_house():
    house = edition(shift("duty", "20:00", "08:00", department=HOUSE))
    assert asked(house, when="2026-03-02T21:00", department="claims") == ("duty",)
    assert asked(house, when="2026-03-02T21:00", department=None) == ("duty",)
    assert asked(house, when="2026-03-02T12:00", department="claims") == ()


def test_whoever_is_on_duty_for_the_house_fills_the_gap_of_a_department():
    own = edition(shift("li", "20:00", "08:00", frozenset({"mon"})))
    house = edition(shift("duty", "00:00", "00:00", department=HOUSE), number=2)
    assert asked(own, house, when="2026-03-02T21:00") == ("li",)
    assert asked(own, house, when="2026-03-03T21:00") == ("duty",)


def test_in_office_hours_nobody_has_to_be_on_duty():
    nights = edition(shift("li", "18:00", "09:00"), shift(NOT_NEEDED, "09:00", "18:00"))
    assert asked(nights, when="2026-03-02T12:00") is None
    assert asked(nights, when="2026-03-02T18:00") == ("li",)


def test_on_a_public_holiday_the_pattern_of_holidays_is_worked():
    roster = edition(shift("li", "00:00", "00:00"), shift("wang", "00:00", "00:00", frozenset({HOLIDAY})))
    assert asked(roster, when="2026-10-01T12:00") == ("wang",)
    assert asked(roster, when="2026-10-08T12:00") == ("li",)
    assert asked(edition(shift("li", "00:00", "00:00")), when="2026-10-01T12:00") == ("li",)


def test_a_new_roster_holds_from_its_date_on_and_the_night_before_is_worked_to_its_end():
    new = edition(
        shift("zhao", "20:00", "08:00"), shift("qian", "08:00", "20:00"), number=2, valid_from=date(2026, 3, 2)
    )
    assert asked(DAY_AND_NIGHT, new, when="2026-03-01T23:00") == ("li",)
    assert asked(DAY_AND_NIGHT, new, when="2026-03-02T07:59") == ("li",)
    assert asked(DAY_AND_NIGHT, new, when="2026-03-02T08:00") == ("qian",)


def test_a_new_roster_of_another_department_changes_nothing():
    new = edition(shift("zhao", "20:00", "08:00", department="dispatch"), number=2)
    assert asked(DAY_AND_NIGHT, new, when="2026-03-02T02:10") == ("li",)


def test_a_swap_holds_for_its_time_and_can_be_swapped_back():
    swap = Swap("claims", 1, "li", "chen", at("2026-03-01T20:00"), at("2026-03-02T08:00"))
    back = replace(swap, person="chen", stand_in="li", starts_at=at("2026-03-02T04:00"))
    assert asked(DAY_AND_NIGHT, when="2026-03-02T02:10", swaps=[swap]) == ("chen",)
    assert asked(DAY_AND_NIGHT, when="2026-03-02T20:10", swaps=[swap]) == ("li",)
    assert asked(DAY_AND_NIGHT, when="2026-03-02T05:00", swaps=[swap, back]) == ("li",)


def test_a_dated_shift_may_last_a_week():
    week = edition(DatedShift("claims", 1, at("2026-03-02T09:00"), at("2026-03-09T09:00"), "li"))
    assert asked(week, when="2026-03-08T23:00") == ("li",)
    assert asked(week, when="2026-03-09T09:00") == ()


DAYS = st.dates(date(2026, 3, 1), date(2026, 11, 15))
CLOCK = st.times().map(lambda each: each.replace(second=0, microsecond=0))


@given(DAYS, st.integers(0, 24 * 60 - 1), CLOCK, CLOCK)
def test_shifts_that_hand_over_to_each_other_leave_no_gap_and_never_overlap(
    day: date, minutes: int, morning: time, evening: time
):
    instant = datetime.combine(day, time(), UTC) + timedelta(minutes=minutes)
    if morning == evening:
        shifts = [WeeklyShift("claims", 1, EVERY_DAY, morning, evening, "li")]
    else:
        shifts = [
            WeeklyShift("claims", 1, EVERY_DAY, morning, evening, "li"),
            WeeklyShift("claims", 1, EVERY_DAY, evening, morning, "wang"),
        ]
    people = on_duty(Roster((edition(*shifts, named="berlin-office"),)), "claims", 1, instant)
    assert people is not None
    assert len(people) == 1


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"], ids=["clocks go forward", "clocks go back"])
def test_the_hand_over_on_the_night_on_which_clocks_change(day: str):
    roster = Roster((edition(shift("li", "20:00", "02:30"), shift("wang", "02:30", "20:00"), named="berlin-office"),))
    instants = [datetime.fromisoformat(f"{day}T00:00Z") + timedelta(minutes=minutes) for minutes in range(0, 180, 10)]
    people = [on_duty(roster, "claims", 1, instant) for instant in instants]
    handed_over = datetime.combine(date.fromisoformat(day), time(2, 30), BERLIN).astimezone(UTC)
    assert people == [("li",) if instant < handed_over else ("wang",) for instant in instants]


def test_gaps_are_where_nobody_is_named_and_where_whoever_is_named_is_away():
    roster = Roster((edition(shift("li", "20:00", "08:00"), shift("wang", "08:00", "18:00")),))
    away = at("2026-03-03T00:00")

    def present(people: tuple[str, ...], instant: datetime) -> tuple[str, ...]:
        return tuple(person for person in people if person != "li" or instant < away)

    found = gaps(roster, at("2026-03-02T12:00"), at("2026-03-03T12:00"), present, [away])
    assert [(gap.starts_at, gap.ends_at, gap.named) for gap in found] == [
        (at("2026-03-02T18:00"), at("2026-03-02T20:00"), ()),
        (at("2026-03-03T00:00"), at("2026-03-03T08:00"), ("li",)),
    ]
