"""Lives one case of a log through our lifecycle, event by event: applied, ignored, or refused with the reason."""

import contextlib
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import orjson

from engine.actors import IMPORT, Acting, acting
from engine.commands.case_context import CaseContext
from engine.commands.open_case import OPEN
from engine.ledger.record import CaseRow, TransitionDraft, head_by_number
from engine.replay import meaning as reading
from engine.replay.due_steps import fire_until
from engine.replay.event_buffer import Line
from engine.replay.plan import Way, Words, bridge, filled, single
from engine.replay.statistics import ReplayStatistics
from statemachines.form_model import ACTOR, OPEN_CASE, Form, marked
from statemachines.lifecycle import Facts, Refused

VIA = "replay"
WAYS = "ways of a replay"


class Undo(Exception):
    """A move was refused after something of its event was written: the case is to be done again with savepoints."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How a log is replayed: whether gaps are bridged, and what is said where the log has no words."""

    bridge: bool
    wordless: str


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a bridge is to lead; ``name`` tells all that ``reached`` depends on."""

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
    """A case in hand, and what its log has told of it so far. ``careful`` sets a savepoint before each event."""

    hand: CaseContext
    statistics: ReplayStatistics
    options: ReplayOptions
    careful: bool = False

    def take(self, lines: Iterable[Line]) -> None:
        """Take events in their order; each is counted once. Raises ``Undo`` unless ``careful``."""
        for line in (self._current(line) for line in lines):
            reading.note(self.statistics, self.hand.table, line)
            self._take(line)
            self.statistics.events += 1  # only now: the first one may be what opened the case

    def _current(self, line: Line) -> Line:
        """An event under the names of today: a mapping may have been written before a rename."""
        table = self.hand.table
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
        if why := self._untaken(line):
            self.statistics.refuse(why, line.row, line.word)
            return
        assert line.at is not None
        at = self._instant(line, line.at)
        if line.move == OPEN and not self.statistics.events:
            self.statistics.applied += 1
            return
        fire_until(self.hand, at - 1)  # what falls due at this very instant, the event may still keep
        if line.state and self.hand.head.state in {line.state, *line.also}:
            self.statistics.ignore("repeated_state")
            return
        try:
            self._make(self._planned(line), at)
            self.statistics.applied += 1
        except Refused as refused:
            self.statistics.refuse(refused.code, line.row, line.word)

    def _untaken(self, line: Line) -> str:
        """Why an event cannot be taken wherever its case stands."""
        if line.refused:
            return line.refused
        if line.at is None:
            return "no_time"
        if line.at > self.hand.now:
            return "in_the_future"
        if line.state and line.state not in self.hand.table.state:
            return "unknown_state"
        return "unknown_move" if line.move and line.move not in (OPEN, *self.hand.table.rows) else ""

    def _instant(self, line: Line, at: int) -> int:
        """When an event happened. What comes later by the log's own order is never earlier: that is flagged."""
        statistics = self.statistics
        if statistics.last_at is not None and at < statistics.last_at:
            statistics.flag("time_backwards", line.row)
            return statistics.last_at
        statistics.last_at = at
        return at

    def _planned(self, line: Line) -> list[Planned]:
        """The moves for an event. Raises ``Refused`` with the reason why there are none."""
        head, table = self.hand.head, self.hand.table
        if head.closed:
            raise Refused("after_the_end", number=head.number)
        actor = self._import()
        facts = self.hand.facts("", actor)
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
        asks = self.hand.table.rows[move][0].form
        given = line.form if move == line.move else {n: v for n, v in line.form.items() if n in asks.model_fields}
        return self.hand.table.checked(move, filled(asks, given, words))

    def _to_state(self, line: Line, facts: Facts, states: Sequence[str], words: Words) -> list[Planned]:
        for row, form in single(self.hand.table, facts, states, line.form, words):
            return [Planned(row.name, form)]
        if self.options.bridge:
            return self._bridged(line, facts, _standing(states[0]), words)
        raise Refused("no_way", number=self.hand.head.number)

    def _from_elsewhere(self, line: Line, facts: Facts, words: Words) -> list[Planned]:
        """An event whose move cannot be made from here: a new round, a bridge, or refused."""
        table, meant = self.hand.table, reading.meaning(self.hand.table, line)
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
        """The way to a goal, looked up once for all that it depends on."""
        table = self.hand.table
        meant = reading.meaning(table, line)
        again = bool(meant) and reading.rank(table, meant) < reading.RESOLVED and not reading.may_stay(table, line)
        known: dict[tuple[Any, ...], Way | None] = self.hand.tx.memory.setdefault(WAYS, {})
        head, place = self.hand.head, (facts.state, facts.previous_state, facts.cycle, facts.level, facts.attempts)
        asked = (
            goal.name,
            again,
            table.kind,
            head.pack,
            head.variables,
            head.severity,
            orjson.dumps(words.fill),
            *place,
        )
        if asked not in known:
            known[asked] = bridge(table, facts, goal.reached, words, again)
        if (way := known[asked]) is None:
            raise Refused("no_way", number=self.hand.head.number)
        return [Planned(move, form) for move, form in way]

    def _make(self, planned: Sequence[Planned], at: int) -> None:
        """Make the moves of one event, all or none."""
        with self._savepoint() if self.careful else contextlib.nullcontext():
            for n, one in enumerate(planned, 1):
                entry = self._decided(one, at, n)
                try:
                    self.hand.make(replace(entry, inferred=n < len(planned)))
                except Refused as refused:
                    raise refused if self.careful else Undo from refused
        self.statistics.inferred += len(planned) - 1

    def _decided(self, one: Planned, at: int, n: int) -> TransitionDraft:
        try:
            self._check_named(one.form)
            actor = self._import()
            decision = self.hand.decide(one.move, one.form, actor)
        except Refused as refused:
            raise refused if self.careful or n == 1 else Undo from refused
        row = decision.row
        return TransitionDraft(row.name, decision.dest, one.form, actor.id, VIA, at, self.hand.now, row=row)

    def _import(self) -> Acting:
        return acting(self.hand.tx, IMPORT)

    def _check_named(self, form: Form) -> None:
        """People and cases that a form names must be known here, as for anybody's move."""
        for name in marked(type(form), ACTOR):
            if (handle := getattr(form, name)) is not None:
                acting(self.hand.tx, handle)
        for name in marked(type(form), OPEN_CASE):
            other = head_by_number(self.hand.tx, getattr(form, name))
            if other.closed or other.id == self.hand.head.id or other.kind != self.hand.head.kind:
                raise Refused("not_mergeable", number=other.number, kind=self.hand.head.kind)

    @contextlib.contextmanager
    def _savepoint(self) -> Generator[None]:
        """What fails inside leaves nothing, neither in the tables nor in hand."""
        head = self.hand.head
        was = replace(head)
        try:
            with self.hand.tx.savepoint():
                yield
        except Refused:
            for one in fields(CaseRow):
                setattr(head, one.name, getattr(was, one.name))
            self.hand.known = None
            raise
