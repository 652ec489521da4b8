"""Plans one case of a log through our lifecycle, event by event: applied, ignored, or refused with the reason."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import orjson

from engine.caches import Acting
from engine.commands.case_context import CaseContext
from engine.commands.decide import decide, facts_of
from engine.commands.open_case import OPEN
from engine.commands.plan import Plan, plan_move, plan_until
from engine.ledger.record import CaseRow, TransitionDraft
from engine.replay import meaning as reading
from engine.replay.event_buffer import Line
from engine.replay.plan import Way, Words, bridge, filled, single
from engine.replay.statistics import ReplayStatistics
from engine.timers.start import Occurrences
from engine.timers.timer import RunningTimer
from statemachines.form_model import Form
from statemachines.lifecycle import Facts, Refused

VIA = "replay"

CheckNamed = Callable[[CaseContext, str, Form], Sequence[Any]]
"""Checks the people and cases that a form names, and returns the timers that the case inherits by the move."""
Bridges = dict[tuple[Any, ...], Way | None]
"""Bridges that were searched for, by all that they depend on; None where there is none."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How a log is replayed: whether gaps are bridged, and the text that stands where the log has none."""

    bridge: bool
    wordless: str


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a bridge is to lead; ``name`` is all that ``reached`` depends on."""

    name: str
    reached: Callable[[Facts], bool]


def _standing(state: str) -> Goal:
    return Goal(f"in {state}", lambda there: there.state == state)


@dataclass(frozen=True, slots=True)
class Planned:
    """A move that is to be made for an event; those before the last one are inferred."""

    move: str
    form: Form


@dataclass(slots=True)
class ReplaySession:
    """A case in memory, the plan of its moves, and the statistics of its log so far; nothing is written here."""

    context: CaseContext
    plan: Plan
    actor: Acting
    statistics: ReplayStatistics
    options: ReplayOptions
    check_named: CheckNamed
    bridges: Bridges = field(default_factory=Bridges)

    def take(self, lines: Iterable[Line]) -> None:
        """Plan events in their order; each is counted once."""
        for line in (self._current(line) for line in lines):
            reading.note(self.statistics, self.context.table, line)
            self._take(line)
            self.statistics.events += 1  # only now: the first one may be what opened the case

    def _current(self, line: Line) -> Line:
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

    def _take(self, line: Line) -> None:
        if line.ignored:
            self.statistics.ignore(line.ignored)
            return
        if why := self._inapplicable(line):
            self.statistics.refuse(why, line.row, line.word)
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
            self._make(self._planned(line), at)
            self.statistics.applied += 1
        except Refused as refused:
            self.statistics.refuse(refused.code, line.row, line.word)

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
            statistics.flag("time_backwards", line.row)
            return statistics.last_at
        statistics.last_at = at
        return at

    def _planned(self, line: Line) -> list[Planned]:
        """Return the moves for an event. Raises ``Refused`` with the reason why there are none."""
        case, table = self.context.case, self.context.table
        if case.closed:
            raise Refused("after_the_end", number=case.number)
        facts = facts_of(case, self.context.pack)
        words = Words(line.fill, self.options.wordless)
        if line.state:
            return self._to_state(line, facts, [line.state, *line.also], words)
        if line.move == OPEN:
            raise Refused("repeated_move", move=OPEN)
        moves = [line.move, *line.also]
        for move in moves:
            if any(facts.state in row.sources for row in table.rows.get(move, ())):
                return [Planned(move, self._form(move, line, words))]
        return self._from_elsewhere(line, facts, words)

    def _form(self, move: str, line: Line, words: Words) -> Form:
        asks = self.context.table.rows[move][0].form
        given = line.form if move == line.move else {n: v for n, v in line.form.items() if n in asks.model_fields}
        return self.context.table.checked(move, filled(asks, given, words))

    def _to_state(self, line: Line, facts: Facts, states: Sequence[str], words: Words) -> list[Planned]:
        for row, form in single(self.context.table, facts, states, line.form, words):
            return [Planned(row.name, form)]
        if self.options.bridge:
            return self._bridged(line, facts, _standing(states[0]), words)
        raise Refused("no_way", number=self.context.case.number)

    def _from_elsewhere(self, line: Line, facts: Facts, words: Words) -> list[Planned]:
        """Return moves that stand in for one that cannot be made here: a new round or a bridge. Raises ``Refused``."""
        table, meant = self.context.table, reading.meaning(self.context.table, line)
        if meant and meant == facts.state:
            raise Refused("repeated_move", move=line.move)
        for row, form in single(table, facts, [meant], line.form, words):
            may = not reading.may_stay(table, line) if row.reopens else self.options.bridge
            if may:
                return [Planned(row.name, form)]
        if not self.options.bridge:
            raise Refused("not_now", move=line.move, state=facts.state, allowed=[])
        rows, form = table.rows[line.move], self._form(line.move, line, words)

        def possible(there: Facts) -> bool:
            here = (row for row in rows if there.state in row.sources)
            return any(row.guard is None or row.guard.holds(there, form) for row in here)

        try:
            way = self._bridged(line, facts, Goal(f"{line.move} {form!r}", possible), words)
        except Refused:
            if not meant:
                raise
            return self._bridged(line, facts, _standing(meant), words)
        return [*way, Planned(line.move, form)]

    def _bridged(self, line: Line, facts: Facts, goal: Goal, words: Words) -> list[Planned]:
        """Return the bridge to a goal, which is searched once for all that it depends on. Raises ``Refused``."""
        table = self.context.table
        meant = reading.meaning(table, line)
        again = bool(meant) and reading.rank(table, meant) < reading.RESOLVED and not reading.may_stay(table, line)
        case, place = self.context.case, (facts.state, facts.previous_state, facts.cycle, facts.level, facts.attempts)
        key = (
            goal.name,
            again,
            table.kind,
            case.pack,
            case.variables,
            case.severity,
            orjson.dumps(words.fill),
            *place,
        )
        if key not in self.bridges:
            self.bridges[key] = bridge(table, facts, goal.reached, words, again)
        if (way := self.bridges[key]) is None:
            raise Refused("no_way", number=self.context.case.number)
        return [Planned(move, form) for move, form in way]

    def _make(self, planned: Sequence[Planned], at: int) -> None:
        """Plan the moves of one event, all or none."""
        handed_on = [self.check_named(self.context, one.move, one.form) for one in planned]
        before = _Snapshot.of(self.context, self.plan)
        try:
            for n, (one, rows) in enumerate(zip(planned, handed_on, strict=True), 1):
                row = decide(self.context, one.move, one.form, self.actor).row
                dest, inferred = row.dest or self.context.case.state, n < len(planned)
                draft = TransitionDraft(
                    row.name, dest, one.form, self.actor.id, VIA, at, self.context.now, inferred, row=row
                )
                plan_move(self.context, self.plan, draft, rows)
        except Refused:
            before.restore(self.context, self.plan)
            raise
        self.statistics.inferred += len(planned) - 1


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """A case and its plan before an event, to be restored where one of the event's moves is refused."""

    case: CaseRow
    timers: list[RunningTimer]
    occurrences: Occurrences
    lengths: tuple[int, int, int, int]

    @classmethod
    def of(cls, context: CaseContext, plan: Plan) -> "_Snapshot":
        """Copy what planning changes."""
        occurrences = {clause: dict(by_cycle) for clause, by_cycle in (context.occurrences or {}).items()}
        timers = [replace(timer) for timer in context.timers]
        return cls(replace(context.case), timers, occurrences, _lengths(context, plan))

    def restore(self, context: CaseContext, plan: Plan) -> None:
        """Put the case and its plan back as they were."""
        for one in fields(CaseRow):
            setattr(context.case, one.name, getattr(self.case, one.name))
        for timer, was in zip(context.timers, self.timers, strict=False):
            for one in fields(RunningTimer):
                setattr(timer, one.name, getattr(was, one.name))
        del context.timers[len(self.timers) :]
        context.occurrences = self.occurrences
        history = context.history
        assert history is not None, "a replay loads the whole case"
        for rows, length in zip((plan.transitions, plan.statements, plan.steps, history), self.lengths, strict=True):
            del rows[length:]


def _lengths(context: CaseContext, plan: Plan) -> tuple[int, int, int, int]:
    return len(plan.transitions), len(plan.statements), len(plan.steps), len(context.history or ())
