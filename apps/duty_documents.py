"""The duty roster as documents for programs, and as rows for people (B11)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.duty.gaps import Turn
from locales.translation import translate, when
from reports.duty_alerts import DutyAlertRow
from reports.duty_text import alert_texts, department_text

COLUMNS = ("department", "level", "starts_at", "ends_at", "people")


def turn_document(turn: Turn) -> Mapping[str, Any]:
    """Return a turn for programs; ``needed`` is false where nobody has to be on duty."""
    return {
        "department": turn.department or None,
        "level": turn.level,
        "starts_at": turn.starts_at,
        "ends_at": turn.ends_at,
        "needed": turn.named is not None,
        "named": list(turn.named or ()),
        "people": list(turn.people),
    }


def turn_row(locale: str, turn: Turn) -> tuple[str, ...]:
    """Return a turn for people: department, level, from, until, who."""
    times = (when(turn.starts_at, "%m-%d %H:%M"), when(turn.ends_at, "%m-%d %H:%M"))
    return department_text(locale, turn.department), level_text(locale, turn.level), *times, people_text(locale, turn)


def people_text(locale: str, turn: Turn) -> str:
    """Return who is on duty; where nobody is, why."""
    if turn.named is None:
        return duty_text(locale, "not_needed")
    if turn.people:
        return ", ".join(turn.people)
    return duty_text(locale, "away", people=", ".join(turn.named)) if turn.named else duty_text(locale, "nobody")


def level_text(locale: str, level: int) -> str:
    """Return an escalation level for people."""
    return duty_text(locale, "level", level=level)


def until_text(locale: str, until: datetime) -> str:
    """Return up to when the shifts of a calendar were read."""
    return duty_text(locale, "read_until", until=when(until, "%Y-%m-%d"))


def duty_text(locale: str, key: str, **params: object) -> str:
    """Return a text of the duty roster."""
    return translate(locale, f"duty.{key}", **params)


ALERT_COLUMNS = ("number", "level", "people", "raised_at", "climbs_at")


def alert_document(alert: DutyAlertRow) -> Mapping[str, Any]:
    """Return an alert that awaits an answer for programs; nobody is on duty where there are no ``people``."""
    return {
        "number": alert.number,
        "level": alert.level,
        "people": list(alert.people),
        "raised_at": alert.raised_at,
        "climbs_at": alert.climbs_at,
    }


def alert_row(locale: str, alert: DutyAlertRow) -> tuple[str, ...]:
    """Return an alert that awaits an answer for people: case, level, who, since when, when it climbs."""
    level, people, since, _ = alert_texts(alert, locale)
    climbs = "–" if alert.climbs_at is None else when(alert.climbs_at, "%m-%d %H:%M")
    return alert.number, level, people, since, climbs
