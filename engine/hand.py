"""A case taken in hand inside one transaction: what is due fires first, then the move is made."""

from collections.abc import Iterable
from dataclasses import dataclass

from engine import clocks as timing
from engine.actors import SYSTEM, acting
from engine.clocks import Running
from engine.policy import Pack, pack
from engine.record import Entry, Head, append
from engine.store import Tx
from models.columns import from_micros
from statemachines.asks import Asks, Nothing, RungFired
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Decision, Facts, Lifecycle, Refused
from statemachines.roles import Role

BY_CLOCK = "clock"
"""The ``via`` of a move that a clock made."""

KEEP_RUNG = """
INSERT INTO rung (clock_id, rung, case_id, seq, clause, cycle, percent, level, due_at, recorded_at)
VALUES (:clock_id, :rung, :case_id, :seq, :clause, :cycle, :percent, :level, :due_at, :recorded_at)
"""


@dataclass(frozen=True, slots=True)
class Fired:
    """A rung that fired: whose, the level the case has since, the move the clock made, and which rung."""

    number: str
    kind: str
    level: int
    move: str
    told: RungFired


@dataclass(slots=True)
class Hand:
    """One case, its table, its pack and its open clocks, within an open transaction."""

    tx: Tx
    head: Head
    table: Lifecycle
    pack: Pack
    clocks: list[Running]
    now: int

    @property
    def facts(self) -> Facts:
        """What the guards may know of the case now."""
        return self.head.facts(self.pack.rounds.max, self.pack.callbacks.attempts)

    def decide(self, move: str, form: Asks, roles: Iterable[Role]) -> Decision:
        """Ask the table. Raises ``Refused``."""
        return self.table.decide(self.facts, move, form, roles)

    def make(self, entry: Entry) -> None:
        """Write a decided move and let the clocks follow it."""
        source = self.head.state
        append(self.tx, self.head, self.table, entry)
        timing.follow(self.tx, self.head, self.table, self.pack, self.clocks, source, entry)
        if entry.dest != source or entry.reopens or self._keeps(entry.move):
            self.clocks = timing.open_clocks(self.tx, self.head.id)

    def _keeps(self, move: str) -> bool:
        return any(move in clause.kept_by for clause in self.table.clauses)

    def carry_over(self) -> None:
        """Move a case out of a state that its lifecycle no longer has."""
        if self.head.state in self.table.state:
            return
        to = {gone.old: gone.to for gone in self.table.retired}.get(self.head.state)
        if to is None:
            raise Refused("lost_state", number=self.head.number, state=self.head.state)
        system = acting(self.tx, SYSTEM).id
        self.make(Entry("carried_over", to, Nothing(), system, BY_CLOCK, self.now, self.now, inferred=True))

    def fire_until(self, until: int) -> list[Fired]:
        """Fire every rung due at or before ``until``, in order, each with its due instant."""
        fired: list[Fired] = []
        while (clock := self._next_due(until)) is not None:
            fired.append(self._fire(clock))
        return fired

    def _next_due(self, until: int) -> Running | None:
        due = [clock for clock in self.clocks if clock.fires_at is not None and clock.fires_at <= until]
        return min(due, key=lambda clock: (clock.fires_at, clock.id), default=None)

    def _fire(self, clock: Running) -> Fired:
        clause = next(clause for clause in self.table.clauses if clause.name == clock.clause)
        due = clock.fires_at
        assert due is not None
        rung = clock.rungs_fired
        percent = timing.percents(clause, self.pack)[rung]
        level = 0 if clause.then is not None else self.pack.ladder[rung].level
        at = from_micros(due)
        told = RungFired(clause=clock.clause, cycle=clock.cycle, percent=percent, level=level, due_at=at)
        clock.rungs_fired += 1
        clock.level = max(clock.level, level)
        timing.rearm(clock, clause, self.pack)
        timing.save(self.tx, clock)
        move = clause.then or (self.table.breach if percent >= 100 else self.table.remind)
        form = Nothing() if clause.then else told
        system = acting(self.tx, SYSTEM)
        decision = self.decide(move, form, system.roles)
        self.make(Entry(move, decision.dest, form, system.id, BY_CLOCK, due, self.now, level=level))
        self._keep(clock, rung, told)
        return Fired(self.head.number, self.head.kind, self.head.level, move, told)

    def _keep(self, clock: Running, rung: int, told: RungFired) -> None:
        self.tx.run(
            KEEP_RUNG,
            clock_id=clock.id,
            rung=rung,
            case_id=self.head.id,
            seq=self.head.version,
            clause=told.clause,
            cycle=told.cycle,
            percent=told.percent,
            level=told.level,
            due_at=timing.due_micros(told),
            recorded_at=self.head.changed_at,
        )


def take(tx: Tx, head: Head, now: int) -> Hand:
    """Take a case in hand: carried over first if its state is gone."""
    hand = Hand(tx, head, lifecycle_of(head.kind), pack(head.pack), timing.open_clocks(tx, head.id), now)
    hand.carry_over()
    return hand
