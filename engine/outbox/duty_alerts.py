"""Records alerts to whoever is on duty, lets them climb, and records who acknowledged them (B11).

Note [One climb]: an alert climbs by an update that only one process can make. The alert of the next level and its mails
are written in the same transaction: killed, doubled or late, each level is alerted once.

Note [One alarm]: while an alert of a case may still climb, another step of its level or a lower one raises none:
somebody is being alerted already. A promise alerts each level once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engine.access.principal import Principal
from engine.actors import SYSTEM, acting
from engine.contention import in_transaction
from engine.duty.record import KEEPERS
from engine.entry_checks import check_case_number
from engine.ledger.journal import journal_row
from engine.outbox.mails import ComposedMail, compose_in
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from statemachines.refused import Refused

RAISED = """
SELECT 1 AS one FROM duty_alert WHERE case_id = :case_id
   AND (seq = :seq AND level = :level OR level >= :level AND (climbs_at IS NOT NULL OR timer_id = :timer_id))
"""
ADD = """
INSERT INTO duty_alert (case_id, seq, level, timer_id, people, raised_at, climbs_at)
VALUES (:case_id, :seq, :level, :timer_id, :people, :raised_at, :climbs_at)
ON CONFLICT (case_id, seq, level) DO NOTHING
"""
DUE = """
SELECT case_id, seq, level, timer_id, people, raised_at, climbs_at FROM duty_alert
 WHERE climbs_at <= :at ORDER BY climbs_at, case_id, seq, level LIMIT 200
"""
MOOT = """
SELECT 1 AS one FROM cases c LEFT JOIN timer k ON k.id = :timer_id
 WHERE c.id = :case_id AND (c.closed OR k.closed_at IS NOT NULL)
"""
LEAVE = """
UPDATE duty_alert SET climbs_at = NULL, {column} = :at
 WHERE case_id = :case_id AND seq = :seq AND level = :level AND climbs_at <= :at
"""
CLIMB, END = LEAVE.format(column="climbed_at"), LEAVE.format(column="ended_at")
OF_CASE = """
SELECT a.case_id, a.seq, a.level, a.people, a.acknowledged_at, a.acknowledged_by, a.climbed_at, a.ended_at
  FROM duty_alert a JOIN cases c ON c.id = a.case_id WHERE c.number = :number
 ORDER BY a.raised_at DESC, a.level DESC
"""
ANSWER = """
UPDATE duty_alert SET acknowledged_at = :at, acknowledged_by = :by, via = :via, climbs_at = NULL
 WHERE case_id = :case_id AND seq = :seq AND level = :level AND acknowledged_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert to the people of a level; nobody is on duty where there are no ``people``.

    ``climbs_at`` is when the next level is alerted, None where that is not to be.
    """

    case_id: int
    seq: int
    level: int
    timer_id: int | None
    people: tuple[str, ...]
    raised_at: datetime
    climbs_at: datetime | None

    @property
    def key(self) -> str:
        """What its mails are keyed by, before the handle."""
        return f"duty:{self.case_id}:{self.seq}:{self.level}"


def record_alert(store: Store, alert: Alert, mails: Sequence[ComposedMail], at: datetime) -> bool:
    """Record an alert and queue its mails; return False where it was raised before. See Note [One alarm]."""

    def write(tx: Tx) -> bool:
        row = _row(alert)
        keys = {name: row[name] for name in ("case_id", "seq", "level", "timer_id")}
        if tx.row(RAISED, **keys) is not None:
            return False
        return _added(tx, row, mails, at)

    return in_transaction(store, write)


def due_alerts(store: Store, at: datetime) -> list[Alert]:
    """Return the alerts that nobody acknowledged in time, the longest due first."""
    with store.looking() as tx:
        return [_alert(row) for row in tx.rows(DUE, at=to_micros(at))]


def climb(store: Store, alert: Alert, higher: Alert, mails: Sequence[ComposedMail], at: datetime) -> bool:
    """Alert the next level, unless the alert was acknowledged or climbed meanwhile; see Note [One climb].

    An alert that is moot ends instead: its case is closed, or its promise is met.
    """

    def write(tx: Tx) -> bool:
        keys = {"case_id": alert.case_id, "seq": alert.seq, "level": alert.level}
        moot = tx.row(MOOT, case_id=alert.case_id, timer_id=alert.timer_id) is not None
        if not tx.run(END if moot else CLIMB, at=to_micros(at), **keys):
            return False
        journal_row(tx, "duty_alert", tuple(keys.values()), SYSTEM, to_micros(at))
        return not moot and _added(tx, _row(replace(higher, raised_at=at)), mails, at)

    return in_transaction(store, write)


def acknowledge(store: Store, principal: Principal, number: str, at: datetime) -> int:
    """Acknowledge what is alerted for a case; return how many alerts that were, 0 where he had done so before.

    An alert that has climbed is acknowledged with the higher one. Raises ``Refused('unknown_case' | 'no_alert' |
    'not_alerted' | 'actor_disabled' | 'actor_absent')``.
    """
    check_case_number(number)
    return in_transaction(store, lambda tx: acknowledge_in(tx, principal.actor.handle, principal.via, number, at))


def acknowledge_in(tx: Tx, handle: str, via: str, number: str, at: datetime) -> int:
    """Acknowledge what is alerted for a case in a transaction; see ``acknowledge``."""
    actor = acting(tx, handle, to_micros(at))
    rows = tx.rows(OF_CASE, number=number)
    open_rows = [row for row in rows if row.acknowledged_at is None and row.ended_at is None]
    if not open_rows:
        if rows and rows[0].acknowledged_by == actor.id:
            return 0
        raise Refused("no_alert", number=number)
    alerted = {person for row in open_rows for person in row.people.split()}
    if actor.handle not in alerted and not actor.roles & set(KEEPERS):
        raise Refused("not_alerted", handle=actor.handle, people=sorted(alerted))
    for row in open_rows:
        keys = {"case_id": row.case_id, "seq": row.seq, "level": row.level}
        tx.run(ANSWER, at=to_micros(at), by=actor.id, via=via, **keys)
        journal_row(tx, "duty_alert", tuple(keys.values()), actor.handle, to_micros(at))
    return len(open_rows)


def _added(tx: Tx, row: dict[str, Any], mails: Sequence[ComposedMail], at: datetime) -> bool:
    if not tx.run(ADD, **row):
        return False
    journal_row(tx, "duty_alert", (row["case_id"], row["seq"], row["level"]), SYSTEM, to_micros(at))
    compose_in(tx, mails, to_micros(at), to_micros(at))
    return True


def _row(alert: Alert) -> dict[str, Any]:
    return {
        "case_id": alert.case_id,
        "seq": alert.seq,
        "level": alert.level,
        "timer_id": alert.timer_id,
        "people": " ".join(alert.people),
        "raised_at": to_micros(alert.raised_at),
        "climbs_at": None if alert.climbs_at is None else to_micros(alert.climbs_at),
    }


def _alert(row: Any) -> Alert:
    return Alert(
        row.case_id, row.seq, row.level, row.timer_id, tuple(row.people.split()), from_micros(row.raised_at),
        from_micros(row.climbs_at),
    )  # fmt: skip
