"""Starts, rests and ends the clocks of a case as it moves (law 5)."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.calendar import calendar
from engine.deadlines import Unit
from engine.policy import Pack
from engine.record import Entry, Head
from engine.store import Tx
from models.columns import MICROSECOND, from_micros, to_micros
from statemachines.asks import RungFired
from statemachines.lifecycle import Clause, Lifecycle

LOAD = """
SELECT id, clause, cycle, budget, consumed, running_since, fires_at, rungs_fired, level, unit, calendar
  FROM clock WHERE case_id = :case_id AND closed_at IS NULL ORDER BY id
"""
OPEN = """
INSERT INTO clock (case_id, clause, cycle, policy, calendar, amount, unit, budget, consumed, opened_at,
                   running_since, fires_at, rungs_fired, level)
VALUES (:case_id, :clause, :cycle, :policy, :calendar, :amount, :unit, :budget, 0, :at, :at, :fires_at, 0, 0)
ON CONFLICT (case_id, clause, cycle, turn) DO NOTHING
"""
SAVE = """
UPDATE clock SET consumed = :consumed, running_since = :running_since, fires_at = :fires_at,
       rungs_fired = :rungs_fired, level = :level WHERE id = :id
"""
CLOSE = """
UPDATE clock SET consumed = :consumed, running_since = NULL, fires_at = NULL, closed_at = :at, outcome = :outcome
 WHERE id = :id
"""


@dataclass(slots=True)
class Running:
    """An open clock while the engine works on it; all times and amounts in microseconds."""

    id: int
    clause: str
    cycle: int
    budget: int
    consumed: int
    running_since: int | None
    fires_at: int | None
    rungs_fired: int
    level: int
    unit: str
    calendar: str

    def used(self, at: int) -> int:
        """How much of the budget is consumed at that instant."""
        if self.running_since is None:
            return self.consumed
        return self.consumed + spent(self.unit, self.calendar, self.running_since, at)

    def falls(self, percent: int) -> int | None:
        """The instant at which this share of the budget is used up; None while the clock rests."""
        if self.running_since is None:
            return None
        left = self.budget * percent // 100 - self.consumed
        return falls_due(self.unit, self.calendar, self.running_since, left)

    def kept_at(self, at: int) -> bool:
        """Whether the promise is kept by an answer at that instant.

        A limit of N hours includes the N-th (以内): exactly at the end is kept. Working time that is used up at
        closing time stays the same all night, so while the clock runs the instants are compared, not the amounts.
        """
        end = self.falls(100)
        return at <= end if end is not None else self.consumed <= self.budget


def spent(unit: str, place: str, since: int, at: int) -> int:
    """The time a clock consumes between two instants: working time for business hours, else all of it."""
    if unit == Unit.BUSINESS_HOURS:
        return calendar(place).worked(from_micros(since), from_micros(at)) // MICROSECOND
    return max(at - since, 0)


def falls_due(unit: str, place: str, since: int, left: int) -> int:
    """The instant at which what is left is consumed by a clock that runs from ``since`` on."""
    if unit == Unit.BUSINESS_HOURS and left > 0:
        return to_micros(calendar(place).after(from_micros(since), left * MICROSECOND))
    return since + left


def open_clocks(tx: Tx, case_id: int) -> list[Running]:
    """The clocks of a case that are not closed, running or at rest."""
    return [Running(*row) for row in tx.rows(LOAD, case_id=case_id)]


def percents(clause: Clause, pack: Pack) -> list[int]:
    """The shares of the budget at which the clause's clock does something."""
    return [100] if clause.then is not None else [step.percent for step in pack.ladder]


def rearm(clock: Running, clause: Clause, pack: Pack) -> None:
    """Derive when the clock fires next."""
    left = percents(clause, pack)[clock.rungs_fired :]
    clock.fires_at = clock.falls(left[0]) if left else None


def save(tx: Tx, clock: Running) -> None:
    """Write a clock that goes on."""
    tx.run(
        SAVE,
        id=clock.id,
        consumed=clock.consumed,
        running_since=clock.running_since,
        fires_at=clock.fires_at,
        rungs_fired=clock.rungs_fired,
        level=clock.level,
    )


def follow(tx: Tx, head: Head, table: Lifecycle, pack: Pack, clocks: list[Running], source: str, entry: Entry) -> None:
    """Let the clocks follow a move that ``entry`` describes and ``head`` already shows."""
    clauses = {clause.name: clause for clause in table.clauses}
    for clock in clocks:
        clause = clauses.get(clock.clause)
        ending = _ending(clause, clock, head, entry)
        if ending is not None:
            used = clock.used(entry.occurred_at)
            tx.run(CLOSE, id=clock.id, consumed=used, at=entry.occurred_at, outcome=ending)
        elif clause is not None and head.state != source:
            _rest_or_run(tx, clock, clause, pack, head.state, entry.occurred_at)
    for clause in _beginning(table, head, source, entry):
        start(tx, head, clause, pack, entry.occurred_at)


def _ending(clause: Clause | None, clock: Running, head: Head, entry: Entry) -> str | None:
    if clause is not None and entry.move in clause.kept_by:
        return "kept" if clock.kept_at(entry.occurred_at) else "late"
    if clause is None or head.state not in clause.lives_in or entry.reopens:
        return "done" if clause is not None and entry.move == clause.then else "stopped"
    return None


def _rest_or_run(tx: Tx, clock: Running, clause: Clause, pack: Pack, state: str, at: int) -> None:
    if state in clause.pauses and clock.running_since is not None:
        # One who rests after closing time is late by a microsecond at least: at rest only the amount tells.
        used = clock.used(at) if clock.kept_at(at) else max(clock.used(at), clock.budget + 1)
        clock.consumed, clock.running_since, clock.fires_at = used, None, None
        save(tx, clock)
    elif state in clause.during and clock.running_since is None:
        clock.running_since = at
        rearm(clock, clause, pack)
        save(tx, clock)


def _beginning(table: Lifecycle, head: Head, source: str, entry: Entry) -> Iterator[Clause]:
    for clause in table.clauses:
        enters = source not in clause.lives_in or entry.reopens
        if head.state in clause.during and enters and not (clause.once and head.cycle > 1):
            yield clause


def start(tx: Tx, head: Head, clause: Clause, pack: Pack, at: int) -> None:
    """Arm a clause for the case's present cycle. Raises ``Refused('blank_limit')``."""
    limit, budget = pack.armed(clause.name, at)
    tx.run(
        OPEN,
        case_id=head.id,
        clause=clause.name,
        cycle=head.cycle,
        policy=pack.edition,
        calendar=limit.calendar,
        amount=limit.amount,
        unit=limit.unit,
        budget=budget,
        at=at,
        fires_at=falls_due(limit.unit or "", limit.calendar, at, budget * percents(clause, pack)[0] // 100),
    )


def due_micros(told: RungFired) -> int:
    """The rung's due instant in microseconds."""
    return to_micros(told.due_at)
