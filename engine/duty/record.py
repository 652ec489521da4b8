"""Records rosters and swaps: a roster as a whole or not at all, each row journalled and never changed (B11)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from engine.access.principal import Principal
from engine.actors import in_charge, known_actor, refuse_nobody
from engine.contention import in_transaction
from engine.departments import check_department
from engine.duty.roster import Roster, Swap, changes, on_post
from engine.duty.stored import read_roster
from engine.entry_checks import check_instant, check_text
from engine.ledger.chain import canonical
from engine.ledger.journal import journal_row
from engine.rules.in_force import rules_in
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from models.shifts import HOUSE, NOT_NEEDED, Shift, WeeklyShift
from statemachines.refused import Refused
from statemachines.roles import TOP_LEVEL, Role

KEEPERS: Final = (Role.TEAM_SUPERVISOR, Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER, Role.ADMINISTRATOR)
"""The roles that import rosters and enter swaps."""
MOST_SHIFTS: Final = 5000
# Imports and swaps take turns, so that the ids say which came first. SQLite has one writer anyway.
ONE_BY_ONE = "LOCK TABLE duty_roster IN SHARE ROW EXCLUSIVE MODE"
NEWEST = "SELECT id, digest FROM duty_roster ORDER BY id DESC LIMIT 1"
NEXT_SWAP = "SELECT coalesce(max(id), 0) + 1 AS id FROM duty_swap"
SAME_SWAP = """
SELECT id FROM duty_swap WHERE id = (SELECT max(id) FROM duty_swap) AND department = :department AND level = :level
   AND person = :person AND stand_in = :stand_in AND starts_at = :starts_at AND ends_at = :ends_at
"""
ADD_ROSTER = """
INSERT INTO duty_roster (id, valid_from, calendar, source, digest, until, imported_by, at)
VALUES (:id, :valid_from, :calendar, :source, :digest, :until, :imported_by, :at)
"""
ADD_SHIFT = """
INSERT INTO duty_shift (roster_id, position, department, level, person, days, begins, ends, starts_at, ends_at)
VALUES (:roster_id, :position, :department, :level, :person, :days, :begins, :ends, :starts_at, :ends_at)
"""
ADD_SWAP = """
INSERT INTO duty_swap (id, department, level, person, stand_in, starts_at, ends_at, reason, made_by, at)
VALUES (:id, :department, :level, :person, :stand_in, :starts_at, :ends_at, :reason, :made_by, :at)
"""


@dataclass(frozen=True, slots=True)
class GivenRoster:
    """A roster to be recorded. Without ``valid_from`` it takes effect today, by the zone of its calendar.

    ``source`` names the file that it comes from, ``until`` where its shifts of given instants end.
    """

    shifts: Sequence[Shift]
    calendar: str
    source: str
    valid_from: date | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordedRoster:
    """A recorded roster; ``new`` is False where it was the newest one already."""

    number: int
    valid_from: date
    shifts: int
    new: bool


def record_roster(store: Store, principal: Principal, given: GivenRoster, at: datetime) -> RecordedRoster:
    """Record a roster; all of it or nothing.

    Raises ``Refused('not_in_charge' | 'no_shifts' | 'too_many_shifts' | 'unknown_calendar' | 'unknown_department' |
    'unknown_actor' | 'not_a_person' | 'actor_disabled' | 'no_such_level' | 'duty_in_the_past')``.
    """

    def write(tx: Tx) -> RecordedRoster:
        actor = in_charge(tx, principal.actor.handle, KEEPERS, to_micros(at))
        _one_by_one(tx)
        today = rules_in(tx).calendar(given.calendar).local(at).date()
        valid_from = given.valid_from or today
        if valid_from < today:
            raise Refused("duty_in_the_past", given=str(valid_from), now=str(today))
        _check_shifts(tx, given.shifts)
        rows = list(map(_row, given.shifts))
        digest = hashlib.sha256(
            canonical({"valid_from": str(valid_from), "calendar": given.calendar, "shifts": rows}).encode()
        ).hexdigest()
        newest = tx.row(NEWEST)
        if newest is not None and newest.digest == digest:
            return RecordedRoster(newest.id, valid_from, len(rows), new=False)
        number = 1 if newest is None else newest.id + 1
        values = {"valid_from": str(valid_from), "calendar": given.calendar, "source": given.source, "digest": digest}
        until = None if given.until is None else to_micros(given.until)
        tx.run(ADD_ROSTER, id=number, until=until, imported_by=actor.id, at=to_micros(at), **values)
        journal_row(tx, "duty_roster", (number,), actor.handle, to_micros(at))
        for position, row in enumerate(rows, start=1):
            tx.run(ADD_SHIFT, roster_id=number, position=position, **row)
            journal_row(tx, "duty_shift", (number, position), actor.handle, to_micros(at))
        return RecordedRoster(number, valid_from, len(rows), new=True)

    return in_transaction(store, write)


def record_swap(store: Store, principal: Principal, swap: Swap, reason: str, at: datetime) -> bool:
    """Record that somebody stands in for another one; return False where the newest swap says so already.

    Raises ``Refused('not_in_charge' | 'unknown_department' | 'unknown_actor' | 'not_a_person' | 'actor_disabled' |
    'no_such_level' | 'period_reversed' | 'duty_in_the_past' | 'not_on_duty' | 'bad_text' | 'bad_instant' |
    'impossible_instant')``.
    """
    check_instant(swap.starts_at)
    check_instant(swap.ends_at)
    check_text("reason", reason)
    values = {name: getattr(swap, name) for name in swap.__slots__}
    values |= {"starts_at": to_micros(swap.starts_at), "ends_at": to_micros(swap.ends_at)}

    def write(tx: Tx) -> bool:
        actor = in_charge(tx, principal.actor.handle, KEEPERS, to_micros(at))
        _one_by_one(tx)
        if tx.row(SAME_SWAP, **values) is not None:
            return False
        _check_swap(tx, swap, read_roster(tx), at)
        number = tx.row(NEXT_SWAP).id
        tx.run(ADD_SWAP, id=number, reason=reason, made_by=actor.id, at=to_micros(at), **values)
        journal_row(tx, "duty_swap", (number,), actor.handle, to_micros(at))
        return True

    return in_transaction(store, write)


def _one_by_one(tx: Tx) -> None:
    if tx.postgres:
        tx.run(ONE_BY_ONE)


def _check_shifts(tx: Tx, shifts: Sequence[Shift]) -> None:
    if not shifts:
        raise Refused("no_shifts")
    if len(shifts) > MOST_SHIFTS:
        raise Refused("too_many_shifts", count=len(shifts), most=MOST_SHIFTS)
    for department, level in {(shift.department, shift.level) for shift in shifts}:
        check_post(tx, department, level)
    for person in {shift.person for shift in shifts} - {NOT_NEEDED}:
        _check_person(tx, person)


def check_post(tx: Tx, department: str, level: int) -> None:
    """Raise ``Refused('unknown_department' | 'no_such_level')`` for a post that cannot exist."""
    check_department(tx, department if department != HOUSE else None)
    if not 0 <= level <= TOP_LEVEL:
        raise Refused("no_such_level", level=level, top=TOP_LEVEL)


def _check_swap(tx: Tx, swap: Swap, roster: Roster, at: datetime) -> None:
    check_post(tx, swap.department, swap.level)
    _check_person(tx, swap.person)
    _check_person(tx, swap.stand_in)
    if swap.starts_at >= swap.ends_at:
        raise Refused("period_reversed")
    if swap.starts_at < at:
        raise Refused("duty_in_the_past", given=swap.starts_at.isoformat(), now=at.isoformat())
    post = (swap.department, swap.level)
    instants = changes(roster, post, swap.starts_at, swap.ends_at)
    if not any(swap.person in (on_post(roster, post, instant) or ()) for instant in instants):
        raise Refused("not_on_duty", person=swap.person, department=swap.department or "–", level=swap.level)


def _check_person(tx: Tx, handle: str) -> None:
    """Raise ``Refused('unknown_actor' | 'not_a_person' | 'actor_disabled')`` for whom no roster may name."""
    refuse_nobody(handle)
    actor = known_actor(tx, handle)
    if actor.disabled_at is not None:
        raise Refused("actor_disabled", handle=handle)


def _row(shift: Shift) -> dict[str, Any]:
    """Return the columns of a shift."""
    row: dict[str, Any] = dict.fromkeys(("days", "begins", "ends", "starts_at", "ends_at"))
    row |= {"department": shift.department, "level": shift.level, "person": shift.person}
    if isinstance(shift, WeeklyShift):
        days = " ".join(sorted(shift.days))
        return row | {"days": days, "begins": f"{shift.begins:%H:%M}", "ends": f"{shift.ends:%H:%M}"}
    return row | {"starts_at": to_micros(shift.starts_at), "ends_at": to_micros(shift.ends_at)}
