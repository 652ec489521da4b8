"""Reads the rosters and swaps of a store, and who of those on duty can be asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from engine.actors import available_or_deputies
from engine.caches import Acting
from engine.duty.roster import Roster, RosterEdition, Swap
from engine.rules.in_force import rules_in
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from models.shifts import DatedShift, Shift, WeeklyShift

ROSTERS = "SELECT id, valid_from, calendar FROM duty_roster ORDER BY id"
SHIFTS = "SELECT * FROM duty_shift ORDER BY roster_id, position"
SWAPS = "SELECT department, level, person, stand_in, starts_at, ends_at FROM duty_swap ORDER BY id"
STAFF = "SELECT handle, disabled_at, absent_from, absent_until, deputy FROM actor ORDER BY handle"


def read_roster(tx: Tx) -> Roster:
    """Return all rosters and swaps. Raises ``Refused('unknown_calendar')`` where a calendar is known no more."""
    rules = rules_in(tx)
    shifts: dict[int, list[Shift]] = {}
    for row in tx.rows(SHIFTS):
        shifts.setdefault(row.roster_id, []).append(_shift(row))
    editions = tuple(
        RosterEdition(
            row.id, date.fromisoformat(row.valid_from), rules.calendar(row.calendar), tuple(shifts.get(row.id, ()))
        )
        for row in tx.rows(ROSTERS)
    )
    swaps = (
        Swap(**row._asdict() | {"starts_at": from_micros(row.starts_at), "ends_at": from_micros(row.ends_at)})
        for row in tx.rows(SWAPS)
    )
    return Roster(editions, tuple(swaps))


def _shift(row: Any) -> Shift:
    if row.days is None:
        return DatedShift(row.department, row.level, from_micros(row.starts_at), from_micros(row.ends_at), row.person)
    begins, ends = time.fromisoformat(row.begins), time.fromisoformat(row.ends)
    return WeeklyShift(row.department, row.level, frozenset(row.days.split()), begins, ends, row.person)


@dataclass(frozen=True, slots=True)
class _Member:
    handle: str
    deputy: str | None
    acting: Acting


class DutyStaff:
    """Whoever may be on duty: who is there at an instant, and when anybody begins or ends to be away."""

    def __init__(self, members: Sequence[_Member]) -> None:
        self._members = members
        self._by_handle: Mapping[str, _Member] = {member.handle: member for member in members}

    @classmethod
    def read(cls, tx: Tx) -> "DutyStaff":
        """Read all members of staff."""
        rows = tx.rows(STAFF)
        return cls([_Member(row.handle, row.deputy, _acting(row)) for row in rows])

    def present(self, people: tuple[str, ...], at: datetime) -> tuple[str, ...]:
        """Return those of the people who can be asked at an instant, and the deputies of those who cannot."""
        now = to_micros(at)
        wanted = [self._by_handle[person] for person in people if person in self._by_handle]
        found = available_or_deputies(wanted, self._members, lambda member: member.acting.available(now))
        return tuple(member.handle for member in found)

    def absences(self) -> list[datetime]:
        """Return the instants at which somebody begins or ends to be away, or left."""
        instants = (
            instant
            for member in self._members
            for instant in (member.acting.disabled_at, member.acting.absent_from, member.acting.absent_until)
        )
        return sorted({from_micros(instant) for instant in instants if instant is not None})


def _acting(row: Any) -> Acting:
    return Acting(0, row.handle, frozenset(), row.disabled_at, row.absent_from, row.absent_until)
