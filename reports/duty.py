"""Reads who is on duty, now and in the days to come, and the times at which nobody is (B11)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.duty.gaps import Turn, turns
from engine.duty.stored import DutyStaff, read_roster
from engine.transaction import Tx

AHEAD = timedelta(days=2)
"""How far the night looks ahead: so each time at which nobody is on duty is named a day before it begins."""
BACK = timedelta(days=2)
"""How far it looks back, to name a time that has begun by its beginning."""


@dataclass(frozen=True, slots=True)
class DutyPlan:
    """The turns of every post in [``at``, ``until``); each post's in order of time."""

    at: datetime
    until: datetime
    turns: tuple[Turn, ...]

    @property
    def now(self) -> list[Turn]:
        """The turns that run at ``at``, one of each post."""
        return [turn for turn in self.turns if turn.starts_at == self.at]

    @property
    def gaps(self) -> list[Turn]:
        """The turns that nobody holds who should, the earliest first."""
        return sorted((turn for turn in self.turns if turn.gap), key=lambda turn: turn.starts_at)


def gaps_ahead(tx: Tx, at: datetime) -> list[Turn]:
    """Return the times at which nobody is on duty who should be, now or in the next two days.

    One that lasts for longer than ``BACK`` already begins, for whoever reads this, ``BACK`` ago: it is named daily.
    """
    return [gap for gap in duty_plan(tx, at - BACK, at + AHEAD).gaps if gap.ends_at > at]


def duty_plan(tx: Tx, at: datetime, until: datetime) -> DutyPlan:
    """Return who is on duty in [at, until). Without rosters there are no turns."""
    roster, staff = read_roster(tx), DutyStaff.read(tx)
    return DutyPlan(at, until, tuple(turns(roster, at, until, staff.present, staff.absences())))
