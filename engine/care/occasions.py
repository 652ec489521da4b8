"""Tell which greetings a customer is due now: the occasions of the day in his own time zone. No database, no clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone as phone_zones

from engine.rules.care_section import BIRTHDAY, Care
from models.zones import is_zone

LEAP_DAY, DAY_BEFORE = "02-29", "02-28"
HORIZON = timedelta(hours=25)
"""How far ahead the daily run queues: to the next one, and an hour for a run that comes late."""


@dataclass(frozen=True, slots=True)
class DueGreeting:
    """An occasion of a customer with its year (``spring_festival:2027``), and the hours of its day in his zone."""

    occasion: str
    begins_at: datetime
    ends_at: datetime


def zone_of(phone: str | None, region: str, default: str) -> ZoneInfo:
    """Return the time zone of a customer: that of his telephone number, if it has one only; else the default."""
    if phone:
        try:
            zones = phone_zones.time_zones_for_number(phonenumbers.parse(phone, region))
        except phonenumbers.NumberParseException:
            zones = ()
        if len(zones) == 1 and is_zone(zones[0]):
            return ZoneInfo(zones[0])
    return ZoneInfo(default)


def due_greetings(care: Care, birthday: str | None, now: datetime, zone: ZoneInfo) -> Iterator[DueGreeting]:
    """Yield the greetings whose hours have begun for a customer, or begin until the next daily run, and are not over.

    ``birthday`` is a month and a day (``05-31``). Who was born on 29 February is greeted a day earlier in other years.
    """
    today = now.astimezone(zone).date()
    for day in (today, today + timedelta(days=1)):
        begins_at, ends_at = hours_of(care, day, zone)
        if now < ends_at and begins_at <= now + HORIZON:
            yield from (
                DueGreeting(f"{name}:{day.year}", begins_at, ends_at) for name in _occasions(care, birthday, day)
            )


def hours_of(care: Care, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when the hours in which customers are greeted begin and end on a day."""
    midnight = datetime.combine(day, time(), zone)
    return midnight + timedelta(hours=care.from_hour), midnight + timedelta(hours=care.until_hour)


def next_hours(care: Care, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Return when a customer may be greeted next; None where it may be done now."""
    today = now.astimezone(zone).date()
    begins_at, ends_at = hours_of(care, today, zone)
    if now < begins_at:
        return begins_at
    return None if now < ends_at else hours_of(care, today + timedelta(days=1), zone)[0]


def _occasions(care: Care, birthday: str | None, day: date) -> Iterator[str]:
    yield from (name for name, occasion in care.occasions.items() if day in occasion.days)
    if care.birthdays and birthday is not None and _celebrated(birthday, day.year) == f"{day:%m-%d}":
        yield BIRTHDAY


def is_birthday(text: str) -> bool:
    """Return whether a text is a month and a day, as ``05-31``."""
    try:
        return f"{date.fromisoformat(f'2000-{text}'):%m-%d}" == text
    except ValueError:
        return False


def _celebrated(birthday: str, year: int) -> str:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return DAY_BEFORE if birthday == LEAP_DAY and not leap else birthday
