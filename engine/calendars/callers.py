"""Chooses who calls a customer back: nobody who handled the case, and of the others who has least to call (D3, F3)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

from engine.actors import COLUMNS, Acting, acting_of
from engine.calendars.calendar import DAY, Calendar
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Lifecycle
from statemachines.roles import Role

REVISIT = "revisit"
CALLERS = (Role.AGENT, Role.QUALITY_TEAM, Role.TEAM_SUPERVISOR)
"""Whose work calling back is; the next role only where nobody of the one before may."""

STAFF = f"SELECT {COLUMNS} FROM actor WHERE disabled_at IS NULL ORDER BY handle"
LOAD = """
SELECT owner, count(*) AS n FROM callback
 WHERE done_at IS NULL AND owner IS NOT NULL AND planned_at >= :begin AND planned_at < :end GROUP BY owner
"""


@dataclass
class Callers:
    """Who may call for which case, and how much each has to call on a day; read once for all that is planned together.

    ``did`` are the moves that people made, as (move, handle) by case.
    """

    tx: Tx
    staff: Mapping[Role, list[Acting]]
    did: Mapping[int, set[tuple[str, str]]]
    _days: dict[tuple[int, int], Counter[str]] = field(default_factory=dict[tuple[int, int], Counter[str]])

    def pick(self, case_id: int, kind: str, at: datetime, place: Calendar) -> str | None:
        """Return the handle of whoever may call, is there, and has the fewest open callbacks on that local day.

        Of several the first by name is returned; None if nobody may call.
        """
        barred = {handle for move, handle in self.did.get(case_id, ()) if move in handled(kind)}
        busy = self._day(at, place)
        for role in may_call(kind):
            there = (actor.handle for actor in self.staff[role] if not actor.away(to_micros(at)))
            if free := [handle for handle in there if handle not in barred]:
                return min(free, key=lambda handle: (busy[handle], handle))
        return None

    def note(self, owner: str, at: int) -> None:
        """Count one more callback of a caller."""
        for (begin, end), busy in self._days.items():
            busy[owner] += begin <= at < end

    def _day(self, at: datetime, place: Calendar) -> Counter[str]:
        day = place.local(at).date()
        begin, end = (to_micros(datetime.combine(local_date, time(), place.zone)) for local_date in (day, day + DAY))
        if (begin, end) not in self._days:
            rows = self.tx.rows(LOAD, begin=begin, end=end)
            self._days[begin, end] = Counter({row.owner: row.n for row in rows})
        return self._days[begin, end]


def callers(tx: Tx, moves: Iterable[Any]) -> Callers:
    """Return the callers; ``moves`` are the rows (case_id, move, handle) of all cases that are planned."""
    actors = [acting_of(row) for row in tx.rows(STAFF)]
    staff = {role: [actor for actor in actors if role in actor.roles] for role in CALLERS}
    did: dict[int, set[tuple[str, str]]] = {}
    for row in moves:
        did.setdefault(row.case_id, set()).add((row.move, row.handle))
    return Callers(tx, staff, did)


def handled(kind: str) -> frozenset[str]:
    """Return the moves whose makers do not call back, as the lifecycle's table says (F3); retired names included."""
    table = lifecycles().get(kind)
    names = (name for row in _rows(kind) for move in row.separate_from for name in _recorded(table, move))
    return frozenset(names)


def _recorded(table: Lifecycle | None, move: str) -> tuple[str, ...]:
    return table.resolver.names("move", move) if table is not None else (move,)


def may_call(kind: str) -> tuple[Role, ...]:
    """Return the roles that call, in order: those of ``CALLERS`` that the lifecycle lets record the result."""
    by = frozenset(role for row in _rows(kind) for role in row.roles)
    return tuple(role for role in CALLERS if role in by)


def _rows(kind: str) -> tuple[Any, ...]:
    table = lifecycles().get(kind)
    return table.rows.get(REVISIT, ()) if table is not None else ()
