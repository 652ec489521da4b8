"""Reads the alerts to whoever was on duty: those that await an answer, and what became of those of a day (B11)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from engine.access.principal import Principal
from engine.access.scope import cases_in_scope
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from reports.known_cases import known_among

Became = Literal["acknowledged", "climbed", "nobody", "ended", "unanswered", "waiting"]

ALERTS = """
SELECT c.number, a.level, a.people, a.raised_at, a.climbs_at, a.climbed_at, a.ended_at, a.acknowledged_at, b.handle
  FROM duty_alert a JOIN cases c ON c.id = a.case_id LEFT JOIN actor b ON b.id = a.acknowledged_by
 WHERE {which} ORDER BY a.raised_at, c.number, a.level
"""
OPEN = "a.acknowledged_at IS NULL AND a.climbed_at IS NULL AND a.ended_at IS NULL AND NOT c.closed"
OF_CASE = "c.number = :number"
OF_WINDOW = "a.raised_at > :since AND a.raised_at <= :until"


@dataclass(frozen=True, slots=True)
class DutyAlertRow:
    """An alert: which case at which level, who was alerted, what became of it and when, and by whom."""

    number: str
    level: int
    people: tuple[str, ...]
    raised_at: datetime
    climbs_at: datetime | None
    became: Became
    at: datetime | None
    by: str | None


def open_alerts(tx: Tx) -> list[DutyAlertRow]:
    """Return the alerts that nobody acknowledged and that did not climb, the oldest first."""
    return [_row(row) for row in tx.rows(ALERTS.format(which=OPEN))]


def alerts_of(tx: Tx, number: str) -> list[DutyAlertRow]:
    """Return all alerts of a case, the oldest first."""
    return [_row(row) for row in tx.rows(ALERTS.format(which=OF_CASE), number=number)]


def may_acknowledge(tx: Tx, principal: Principal, number: str, at: datetime) -> bool:
    """Return whether somebody may know of the alerts of a case: he is alerted, or may read it."""
    named = any(principal.actor.handle in alert.people for alert in alerts_of(tx, number))
    return named or bool(known_among(tx, {number}, cases_in_scope(principal, at)))


def alerts_between(tx: Tx, since: datetime, until: datetime) -> list[DutyAlertRow]:
    """Return the alerts raised in (since, until], the oldest first."""
    rows = tx.rows(ALERTS.format(which=OF_WINDOW), since=to_micros(since), until=to_micros(until))
    return [_row(row) for row in rows]


def _row(row: Any) -> DutyAlertRow:
    people = tuple(row.people.split())
    became: Became = "unanswered" if row.climbs_at is None else "waiting"
    at: int | None = None
    if row.acknowledged_at is not None:
        became, at = "acknowledged", row.acknowledged_at
    elif row.ended_at is not None:
        became, at = "ended", row.ended_at
    elif row.climbed_at is not None:
        became, at = "climbed" if people else "nobody", row.climbed_at
    climbs_at = None if row.climbs_at is None else from_micros(row.climbs_at)
    ended = None if at is None else from_micros(at)
    return DutyAlertRow(row.number, row.level, people, from_micros(row.raised_at), climbs_at, became, ended, row.handle)
