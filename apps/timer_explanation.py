"""Explains day by day how the time of an SLA timer was counted: working hours, holidays by name, pauses."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any

from apps.timer_views import TimerView
from engine.calendars.calendar import DAY, Calendar
from engine.calendars.deadlines import Unit, sort_of
from locales.translation import translate
from models.columns import from_micros

COUNTRIES = {"Asia/Shanghai": "CN", "Asia/Taipei": "TW", "Asia/Hong_Kong": "HK", "Europe/Berlin": "DE"}
"""Whose public holidays a calendar of this zone knows by name."""
LANGUAGES = {"zh_CN": "zh_CN", "zh_TW": "zh_TW", "en": "en_US"}
NOTHING = timedelta()


@dataclass(frozen=True, slots=True)
class CountedDay:
    """What one local date added to a timer.

    ``sort`` is that of the calendar (``working``, ``weekend``, ``holiday`` …), ``holiday`` its name where it has one.
    ``paused`` is how much of the counted time of the date the timer was paused. ``total`` is consumed by its end.
    """

    day: date
    sort: str
    holiday: str
    hours: tuple[tuple[time, time], ...]
    counted: timedelta
    paused: timedelta
    total: timedelta

    def document(self) -> dict[str, Any]:
        """Return the day for programs; amounts in seconds."""
        amounts = {name: getattr(self, name).total_seconds() for name in ("counted", "paused", "total")}
        return {**asdict(self), "hours": [f"{start:%H:%M}-{end:%H:%M}" for start, end in self.hours], **amounts}


def counted_days(timer: TimerView, place: Calendar, locale: str) -> Iterator[CountedDay]:
    """Yield every local date from the start of the timer to its end, or to its deadline if that is later.

    Nothing is yielded for a timer that began in a case merged into this one: this history does not tell when it ran.
    """
    if not timer.ran:
        return
    ran = [(from_micros(since), from_micros(until)) for since, until in timer.ran]
    if timer.closed_at is None and not timer.paused and timer.due_at is not None:
        ran[-1] = ran[-1][0], max(ran[-1][1], timer.due_at)
    begin, end = ran[0][0], max(ran[-1][1], timer.closed_at or ran[-1][1])
    working, total = timer.unit == Unit.BUSINESS_HOURS, NOTHING
    first, last = place.local(begin).date(), place.local(end).date()
    for n in range((last - first).days + 1):
        day = first + n * DAY
        since, until = _midnight(place, day), _midnight(place, day + DAY)
        counted = sum((_counted(place, working, max(a, since), min(b, until)) for a, b in ran), NOTHING)
        whole = _counted(place, working, max(begin, since), min(end, until))
        total += counted
        sort = sort_of(place, day)
        intervals = place.intervals(day) if working else []
        hours = tuple((place.local(a).time(), place.local(b).time()) for a, b in intervals)
        name = _holidays(COUNTRIES.get(place.zone.key, ""), day.year, locale).get(day, "") if sort == "holiday" else ""
        yield CountedDay(day, sort, name, hours, counted, whole - counted, total)


def _midnight(place: Calendar, day: date) -> datetime:
    return datetime.combine(day, time(), place.zone).astimezone(UTC)


def _counted(place: Calendar, working: bool, since: datetime, until: datetime) -> timedelta:
    return place.worked(since, until) if working else max(until - since, NOTHING)


@cache
def _holidays(country: str, year: int, locale: str) -> Mapping[date, str]:
    if not country:
        return {}
    import holidays  # takes a quarter of a second, so only an explanation pays for it

    named: Any = holidays.country_holidays(country, years=year)
    language = LANGUAGES.get(locale, "")
    if language in named.supported_languages:
        named = holidays.country_holidays(country, years=year, language=language)
    return dict(named)


def row_of(counted: CountedDay, locale: str) -> tuple[str, ...]:
    """Return the day as a row of a table: date, sort, working hours, counted, paused, total."""
    sort = counted.holiday or translate(locale, f"cli.deadline.{counted.sort}")
    hours = ", ".join(f"{start:%H:%M}–{end:%H:%M}" for start, end in counted.hours)
    day = f"{counted.day} {translate(locale, f'weekday.{counted.day.weekday()}')}"
    return (day, sort, hours or "–", *(_text(each) for each in (counted.counted, counted.paused, counted.total)))


def _text(amount: timedelta) -> str:
    minutes, seconds = divmod(amount // timedelta(seconds=1), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}" + (f":{seconds:02}" if seconds else "") if amount else "–"
