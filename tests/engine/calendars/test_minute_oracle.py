"""The arithmetic of working time agrees with counting minute by minute, whatever the hours of a calendar."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.calendars.calendar import Calendar, calendars_in
from engine.calendars.calendar_table import WEEKDAYS

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York")
BEGINNINGS = (date(2026, 3, 5), date(2026, 3, 26), date(2026, 10, 22), date(2026, 10, 29), date(2026, 12, 29))
"""Some days before summer time begins or ends in a zone, and before a year ends."""
DAYS_COUNTED = 9
MARKS = [minute for minute in range(0, 24 * 60 + 1, 30) if minute not in {60 + 30, 150}]
"""Minutes of a day at which hours begin and end; not within an hour that a clock shows twice."""


@dataclass(frozen=True)
class Sample:
    """The rows of a calendar, as the oracle reads them: minutes of the day, without any arithmetic of ours."""

    zone: str
    weekdays: list[int]
    usual: list[tuple[int, int]]
    by_weekday: dict[int, list[tuple[int, int]]]
    off: set[date]
    worked: set[date]
    exceptions: dict[date, list[tuple[int, int]]]
    first: date

    @property
    def calendar(self) -> Calendar:
        lines = ["[some]", f'zone = "{self.zone}"', f"weekdays = {self.weekdays}", f"hours = {toml(self.usual)}"]
        lines += ["[some.weekday_hours]", *(f"{WEEKDAYS[n]} = {toml(hours)}" for n, hours in self.by_weekday.items())]
        for year in (2025, 2026, 2027):
            off, worked = ([str(day) for day in days if day.year == year] for days in (self.off, self.worked))
            lines += [f"[some.years.{year}]", f"off = {off}", f"worked = {worked}"]
        lines += ["[some.exceptions]", *(f"{day} = {toml(hours)}" for day, hours in self.exceptions.items())]
        return calendars_in("\n".join(lines), "some.toml")["some"]

    def hours(self, day: date) -> list[tuple[int, int]]:
        if day in self.exceptions:
            return self.exceptions[day]
        if day in self.worked:
            return self.usual
        if day in self.off:
            return []
        return self.by_weekday.get(day.weekday(), self.usual if day.weekday() in self.weekdays else [])

    def open_minutes(self, zone: Any) -> list[datetime]:
        """Return every open minute of the days that are counted, in order."""
        start = datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)
        minutes = (start + n * MINUTE for n in range(DAYS_COUNTED * 24 * 60))
        return [minute for minute in minutes if self.is_open(minute.astimezone(zone))]

    def is_open(self, local: datetime) -> bool:
        minute = local.hour * 60 + local.minute
        return any(begin <= minute < end for begin, end in self.hours(local.date()))


def toml(hours: list[tuple[int, int]]) -> str:
    pairs = (f'["{clock(begin)}", "{clock(end)}"]' for begin, end in hours)
    return f"[{', '.join(pairs)}]"


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def intervals(least: int, most: int = 3) -> st.SearchStrategy[list[tuple[int, int]]]:
    marks = st.lists(st.sampled_from(MARKS), min_size=2 * least, max_size=2 * most, unique=True).map(sorted)
    return marks.map(lambda at: list(zip(at[::2], at[1::2], strict=False)))


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    first = draw(st.sampled_from(BEGINNINGS))
    days = st.integers(-1, DAYS_COUNTED).map(lambda n: first + n * DAY)
    off = draw(st.sets(days, max_size=2))
    return Sample(
        zone=draw(st.sampled_from(ZONES)),
        weekdays=draw(st.lists(st.integers(0, 6), min_size=1, unique=True)),
        usual=draw(intervals(1)),
        by_weekday=draw(st.dictionaries(st.integers(0, 6), intervals(1), max_size=2)),
        off=off,
        worked=draw(st.sets(days, max_size=2)) - off,
        exceptions=draw(st.dictionaries(days, intervals(0), max_size=2)),
        first=first,
    )


@settings(max_examples=settings().max_examples // 4)
@given(samples(), st.integers(0, 2 * 24 * 60), st.integers(1, 40 * 60))
def test_working_time_is_what_counting_the_minutes_gives(sample: Sample, offset: int, amount: int):
    place = sample.calendar
    counted = sample.open_minutes(place.zone)
    start = datetime(sample.first.year, sample.first.month, sample.first.day, tzinfo=UTC) + offset * MINUTE
    ahead = [minute for minute in counted if minute >= start]
    horizon = start.replace(hour=0, minute=0) + (DAYS_COUNTED - 3) * DAY
    if ahead:
        assert place.next_open(start) == ahead[0]
    assert place.worked(start, horizon) == len([minute for minute in ahead if minute < horizon]) * MINUTE
    if len(ahead) > amount:
        assert place.after(start, amount * MINUTE) == ahead[amount - 1] + MINUTE


SKIPPED = Sample("America/New_York", [0, 1], [(0, 30)], {6: [(120, 180)]}, set(), set(), {}, date(2026, 3, 5))
"""Summer time skips all hours of the Sunday, which is no working day then."""


@settings(max_examples=settings().max_examples // 4)
@example(SKIPPED, 0, 1)
@given(samples(), st.integers(0, 2 * 24 * 60), st.integers(1, 4))
def test_a_working_day_closes_after_its_last_open_minute(sample: Sample, offset: int, days: int):
    place = sample.calendar
    start = datetime(sample.first.year, sample.first.month, sample.first.day, tzinfo=UTC) + offset * MINUTE
    today = place.local(start).date()
    last_minutes = {minute.astimezone(place.zone).date(): minute for minute in sample.open_minutes(place.zone)}
    later = [minute for day, minute in sorted(last_minutes.items()) if day > today]
    if len(later) > days:  # the last day may not be counted to its end
        assert place.close_of(start, days) == later[days - 1] + MINUTE
