"""A case taken in hand inside one transaction: what is due fires first, then the move is made."""

from dataclasses import dataclass, replace

import orjson

from engine.actors import SYSTEM, Acting, acting
from engine.commands.carry_over import carry_over, is_current
from engine.commands.prefetch import did
from engine.databases import Conflict
from engine.ledger.low_water_mark import floor
from engine.ledger.record import CaseRow, TransitionDraft, append
from engine.rules.in_force import Rules, rules_in
from engine.rules.policy import Pack
from engine.timers import timer as timing
from engine.timers.apply import Before, before, follow
from engine.timers.reschedule import adopt, extend, inherited, reproject, set_going
from engine.timers.start import TimerStarter
from engine.timers.timer import RunningTimer
from engine.transaction import Tx
from models.columns import from_micros
from statemachines.form_model import Form, Nothing, Reprojected, StepFired
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Decision, Facts, Lifecycle

BY_TIMER = "timer"
"""The ``via`` of a move that a clock made."""

KEEP_RUNG = """
INSERT INTO escalation_step (timer_id, step, case_id, seq, clause, cycle, percent, level, due_at, recorded_at)
VALUES (:timer_id, :step, :case_id, :seq, :clause, :cycle, :percent, :level, :due_at, :recorded_at)
"""


@dataclass(frozen=True, slots=True)
class Fired:
    """A rung that fired: whose, the level the case has since, the move the clock made, and which rung."""

    number: str
    kind: str
    level: int
    move: str
    told: StepFired


@dataclass(slots=True)
class CaseContext:
    """One case, its table, the rules in force and its open clocks, within an open transaction."""

    tx: Tx
    head: CaseRow
    table: Lifecycle
    rules: Rules
    known: list[RunningTimer] | None
    """The open clocks, once they were read; None since a move began or ended some."""
    now: int

    @property
    def clocks(self) -> list[RunningTimer]:
        """The case's open clocks."""
        if self.known is None:
            self.known = timing.open_timers(self.tx, self.rules, self.head.id)
        return self.known

    @property
    def pack(self) -> Pack:
        """The pack's edition that is in force."""
        return self.rules.pack(self.head.pack, self.now)

    def facts(self, move: str, actor: Acting) -> Facts:
        """What the guards of ``move`` may know of the case now; what few ask for is looked up only for them."""
        head, pack = self.head, self.pack
        apart = self.table.separate_from(move, head.state)
        return Facts(
            state=head.state,
            previous_state=head.previous_state,
            cycle=head.cycle,
            level=head.level,
            attempts=head.attempts,
            max_rounds=pack.rounds.max,
            max_attempts=pack.callbacks.attempts,
            severity=head.severity,
            variables=orjson.loads(head.variables),
            bounds={name: bound.amount for name, bound in pack.bounds.items()},
            actor=actor.handle if actor.person else "",
            done_by=did(self.tx, head.id, apart, self.table.resolver) if apart and actor.person else {},
        )

    def decide(self, move: str, form: Form, actor: Acting) -> Decision:
        """Ask the table, unless it has answered this before. Raises ``Refused``."""
        row = self.table.settled(move, self.head.state, actor.roles)
        if row is not None:
            return Decision(row, self.head.state, row.dest or self.head.state, form)
        return self.table.decide(self.facts(move, actor), move, form, actor.roles)

    def make(self, entry: TransitionDraft) -> None:
        """Write a decided move and let the clocks follow it."""
        was, traits = before(self.head), self.head.traits
        handed = inherited(self.arms(entry), entry.form) if entry.row and entry.row.inherits_timers else []
        if handed:
            entry = replace(entry, level=max([entry.level, *(clock.level for clock in handed)]))
        append(self.tx, self.head, self.table, entry)
        arms = self.arms(entry)
        follow(arms, self.table, self.clocks, was, entry)
        if handed:
            adopt(arms, self.table, handed)
        if handed or entry.dest != was.state or entry.reopens or self._touches(entry, was):
            self.known = None
        if handed:
            set_going(arms, self.table, self.clocks)
        if entry.row is not None and entry.row.extends:
            extend(arms, self.table, self.clocks, entry.form)
        if traits != self.head.traits:
            reproject(arms, self.table, self.clocks)

    def arms(self, entry: TransitionDraft) -> TimerStarter:
        """What arms the case's promises at the instant of a move."""
        return TimerStarter(self.tx, self.rules, self.pack, self.head, entry.occurred_at)

    def _touches(self, entry: TransitionDraft, was: Before) -> bool:
        """Whether a move that stays may have ended or begun a clock all the same."""
        changed = [column for column in ("department", "owner") if getattr(self.head, column) != was.value(column)]
        return any(
            entry.move in clause.met_by or entry.move in clause.started_by or clause.partition_by in changed
            for clause in self.table.clauses
        )

    def bring_under(self, reason: str) -> bool:
        """Bring the open clocks under the rules in force, with a journal entry if any changed (F4)."""
        system = acting(self.tx, SYSTEM).id
        at = max(self.now, self.head.changed_at)
        form = Reprojected(reason=reason, edition=self.pack.edition)
        entry = TransitionDraft("reproject", self.head.state, form, system, BY_TIMER, at, at)
        if not reproject(self.arms(entry), self.table, self.clocks, lenient=True):
            return False
        append(self.tx, self.head, self.table, entry)
        return True

    def carry_over(self) -> None:
        """Carry the case over if it, or an open timer of it, bears a name that its lifecycle has retired.

        Raises ``Refused('lost_state' | 'lost_clause')`` for a name that has no successor.
        """
        if not is_current(self.table, self.head, self.clocks):
            carry_over(self)
            self.known = None

    def fire_until(self, until: int) -> list[Fired]:
        """Fire every rung due at or before ``until``, in order, each with its due instant.

        Raises ``Conflict`` where the case was not waited for: others fire rungs too, and two would wait for each other.
        """
        if self.tx.optimistic and self._next_due(until) is not None:
            raise Conflict
        fired: list[Fired] = []
        while (clock := self._next_due(until)) is not None:
            fired.append(self._fire(clock))
        return fired

    def _next_due(self, until: int) -> RunningTimer | None:
        due = [clock for clock in self.clocks if clock.fires_at is not None and clock.fires_at <= until]
        return min(due, key=lambda clock: (clock.fires_at, clock.id), default=None)

    def _fire(self, clock: RunningTimer) -> Fired:
        clause = next(clause for clause in self.table.clauses if clause.name == clock.clause)
        due = clock.fires_at
        assert due is not None
        rung = clock.steps_fired
        percent = timing.percents(clause, self.pack)[rung]
        level = 0 if clause.then is not None else self.pack.ladder[rung].level
        at = from_micros(due)
        told = StepFired(clause=clock.clause, cycle=clock.cycle, percent=percent, level=level, due_at=at)
        clock.steps_fired += 1
        clock.level = max(clock.level, level)
        clock.rearm(clause, self.pack)
        timing.save(self.tx, clock)
        move = clause.then or (self.table.breach if percent >= 100 else self.table.remind)
        form = Nothing() if clause.then else told
        system = acting(self.tx, SYSTEM)
        decision = self.decide(move, form, system)
        self.make(
            TransitionDraft(
                move, decision.dest, form, system.id, BY_TIMER, due, self.now, level=level, row=decision.row
            )
        )
        self._keep(clock, rung, told)
        return Fired(self.head.number, self.head.kind, self.head.level, move, told)

    def _keep(self, clock: RunningTimer, rung: int, told: StepFired) -> None:
        self.tx.put(
            KEEP_RUNG,
            timer_id=clock.id,
            step=rung,
            case_id=self.head.id,
            seq=self.head.version,
            clause=told.clause,
            cycle=told.cycle,
            percent=told.percent,
            level=told.level,
            due_at=timing.due_micros(told),
            recorded_at=self.head.changed_at,
        )


def take(tx: Tx, head: CaseRow, now: int) -> CaseContext:
    """Take a case in hand: carried over first if its state is gone.

    For it, time never goes back: a clock that was set back counts none twice, and puts nothing under an anchor.
    """
    rules = rules_in(tx)
    hand = CaseContext(tx, head, lifecycle_of(head.kind), rules, None, max(now, head.changed_at, floor(tx)))
    hand.carry_over()
    return hand
