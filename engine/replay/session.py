"""Plans one case of a log through our lifecycle, event by event: applied, ignored, or refused with the reason."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.caches import Acting
from engine.commands.case_context import CaseContext
from engine.commands.decide import decide, facts_of
from engine.commands.open_case import OPEN
from engine.commands.plan import Plan, plan_move, plan_until
from engine.commands.promise_effects import NO_EFFECTS, PromiseEffects, needs_record
from engine.ledger.record import TransitionDraft
from engine.replay import meaning as reading
from engine.replay.bridges import PlannedMove
from engine.replay.case_references import CaseReferences
from engine.replay.event_buffer import Line
from engine.replay.event_moves import Bridges, EventMoves
from engine.replay.form_defaults import FormDefaults
from engine.replay.snapshot import Snapshot
from engine.replay.statistics import ReplayStatistics
from engine.timers.would_run import REPLAY as VIA
from statemachines.customer_messages import Medium, reaches_customer
from statemachines.form_model import Form
from statemachines.lifecycle import Move, Refused

CheckNamed = Callable[[CaseContext, str, Form], Sequence[Any]]
"""Checks the people and cases that a form names, and returns the timers that the case inherits by the move."""
ReadEffects = Callable[[CaseContext, Move, Form, int], PromiseEffects]
"""Reads what a move at an instant does to promises that have ended."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How a log is replayed: whether gaps are bridged, and the text that stands where the log has none.

    ``newest_first`` says that the log begins with the newest event.
    """

    bridge: bool
    wordless: str
    newest_first: bool = False


@dataclass(slots=True)
class ReplaySession:
    """A case in memory, the plan of its moves, and the statistics of its log so far; nothing is written here."""

    context: CaseContext
    plan: Plan
    actor: Acting
    statistics: ReplayStatistics
    options: ReplayOptions
    check_named: CheckNamed
    read_effects: ReadEffects
    references: CaseReferences
    bridges: Bridges = field(default_factory=Bridges)

    def plan_events(self, lines: Iterable[Line]) -> bool:
        """Plan events in their order, each counted once; return whether one of them waits for another case."""
        for recorded in map(self._under_current_names, lines):
            line = self.references.resolve(self.context, recorded)
            if line is None:
                return True
            reading.note(self.statistics, self.context.table, line, newest_first=self.options.newest_first)
            self._plan_event(line)
            self.statistics.events += 1  # only now: the first one may be what opened the case
        return False

    def _under_current_names(self, line: Line) -> Line:
        """Return an event under the names of today: a mapping may have been written before a rename."""
        table = self.context.table
        if not table.retired:
            return line
        resolver, statistics = table.resolver, self.statistics
        statistics.stands = resolver.state(statistics.stands)
        statistics.stood = list(dict.fromkeys(map(resolver.state, statistics.stood)))
        names = resolver.state if line.state else resolver.move
        return line._replace(
            move=resolver.move(line.move),
            state=resolver.state(line.state),
            also=[names(name) for name in line.also],
            form=table.resolved_form(line.move, line.form),
        )

    def _plan_event(self, line: Line) -> None:
        """Plan one event: ignore it, refuse it with the reason, or make its moves."""
        if line.ignored:
            self.statistics.ignore(line.ignored)
            return
        if reason := self._inapplicable(line):
            self.statistics.refuse(reason, line.place, line.word)
            return
        assert line.at is not None
        at = self._instant(line, line.at)
        if line.move == OPEN and not self.statistics.events:
            self.statistics.applied += 1
            return
        plan_until(self.context, self.plan, at - 1)  # a step due at this very instant comes after the event
        if line.state and self.context.case.state in {line.state, *line.also}:
            self.statistics.ignore("repeated_state")
            return
        try:
            self._make(self._moves(self._with_our_number(line)), at, marked=bool(line.marks.get("inferred")))
            self._keep_number(line)
            self.statistics.applied += 1
        except Refused as refused:
            self.statistics.refuse(refused.code, line.place, line.word)

    def _with_our_number(self, line: Line) -> Line:
        """Return an event that names a message of the log with our number of it. Raises ``Refused``."""
        rows = self.context.table.rows.get(line.move, ())
        if not line.marks.get("seq") or not any(row.reopens_promises or row.meets_promises for row in rows):
            return line
        number = self.statistics.messages.get(str(line.fill.get("message", line.form.get("message"))))
        if number is None:
            raise Refused("no_such_message", number=self.context.case.number, seq=0)
        return line._replace(form={**line.form, "message": number})

    def _keep_number(self, line: Line) -> None:
        """Keep our number of a message that a later event of the log may name."""
        if line.marks.get("seq") and line.move in self.context.table.speaking:
            self.statistics.messages[str(line.marks["seq"])] = self.context.case.version

    def _inapplicable(self, line: Line) -> str:
        """Return why an event cannot be applied in any state; empty if it may be."""
        if line.refused:
            return line.refused
        if line.at is None:
            return "no_time"
        if line.at > self.context.now:
            return "in_the_future"
        if line.state and line.state not in self.context.table.state:
            return "unknown_state"
        return "unknown_move" if line.move and line.move not in (OPEN, *self.context.table.rows) else ""

    def _instant(self, line: Line, at: int) -> int:
        """Return when an event occurred: never before the one before it in the log, which is flagged."""
        statistics = self.statistics
        if statistics.last_at is not None and at < statistics.last_at:
            statistics.flag("time_backwards", line.place)
            return statistics.last_at
        statistics.last_at = at
        return at

    def _moves(self, line: Line) -> list[PlannedMove]:
        """Return the moves that an event stands for. Raises ``Refused`` with the reason why there are none."""
        context, options = self.context, self.options
        if context.case.closed and not self._follows_the_end(line):
            raise Refused("after_the_end", number=context.case.number)
        facts, defaults = facts_of(context.case, context.pack), FormDefaults(line.fill, options.wordless)
        return EventMoves(context, facts, line, defaults, options.bridge, self.bridges).find()

    def _follows_the_end(self, line: Line) -> bool:
        """Return whether an event names a move that the table has for a case that has ended."""
        rows = (row for move in (line.move, *line.also) for row in self.context.table.rows.get(move, ()))
        return not line.state and any(self.context.case.state in row.sources for row in rows)

    def _make(self, moves: Sequence[PlannedMove], at: int, *, marked: bool) -> None:
        """Plan the moves of one event, all or none; ``marked`` if the log itself says that they are inferred."""
        moves = [planned._replace(inferred=True) for planned in moves] if marked else moves
        handed_on = [self.check_named(self.context, planned.move, planned.form) for planned in moves]
        effects = [self._effects(planned, at) for planned in moves]
        before = Snapshot.of(self.context, self.plan)
        try:
            for (move, form, inferred), rows, effect in zip(moves, handed_on, effects, strict=True):
                row = decide(self.context, move, form, self.actor).row
                dest = row.dest or self.context.case.state
                draft = TransitionDraft(
                    *(row.name, dest, form, self.actor.id, VIA, at, self.context.recorded_at, inferred),
                    row=row,
                    reaches_customer=_was_told(row, form),
                    meets=effect.meets,
                )
                plan_move(self.context, self.plan, draft, rows, effect.reopened, effect.settled)
        except Refused:
            before.restore(self.context, self.plan)
            raise
        self.statistics.inferred += sum(planned.inferred for planned in moves)

    def _effects(self, planned: PlannedMove, at: int) -> PromiseEffects:
        """Return what a move does to promises that have ended; no bridge leads to or over such a move."""
        state = self.context.case.state
        rows = (row for row in self.context.table.rows[planned.move] if state in row.sources and needs_record(row))
        row = next(rows, None)
        return NO_EFFECTS if row is None else self.read_effects(self.context, row, planned.form, at)


def _was_told(row: Move, form: Form) -> bool:
    """Return whether the customer was told: as the form says, or else because another system did the work (A5)."""
    return getattr(form, "medium", Medium.LOG) is Medium.LOG or reaches_customer(row, form)
