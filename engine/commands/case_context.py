"""The case context: what a move of one case needs to know, loaded at once and passed down."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from engine.caches import Acting
from engine.calendars.calendar import Calendar
from engine.ledger.record import CaseRow
from engine.rules.in_force import Rules
from engine.rules.policy import Pack
from engine.timers.reschedule import History
from engine.timers.start import Occurrences, TermsMemo, TimerStarter
from engine.timers.timer import RunningTimer
from statemachines.form_model import Form
from statemachines.lifecycle import Decision, Facts, Lifecycle
from statemachines.lifecycle_record import RecordedLifecycle

BY_TIMER = "timer"
"""The ``via`` of a move that a timer made."""

Done = Sequence[tuple[str, str]]
"""The moves of a case and the handles of those who made them."""
DoneBy = Mapping[str, frozenset[str]]
"""Who made each of some moves of a case."""


@dataclass(slots=True)
class Surroundings:
    """What is the same for all cases that are loaded together.

    ``now`` is never before the low-water mark. ``terms``, ``ladders`` and ``calendars`` keep what planning computed
    from the rules and the tables, for cases that are alike.
    """

    rules: Rules
    system: Acting
    now: int
    terms: TermsMemo = field(default_factory=TermsMemo)
    ladders: dict[tuple[Any, ...], Any] = field(default_factory=dict[tuple[Any, ...], Any])
    calendars: dict[str, Calendar] = field(default_factory=dict[str, Calendar])

    def calendar(self, name: str) -> Calendar:
        """Return the calendar in force. Raises ``Refused('unknown_calendar')``."""
        if name not in self.calendars:
            self.calendars[name] = self.rules.calendar(name)
        return self.calendars[name]


@dataclass(slots=True)
class RecordedNames:
    """What the retired names of a case meant: the lifecycle that its last transition was recorded under.

    ``lifecycle`` is None where the store does not hold that version. ``numbers`` are the occurrences of the case's
    timers, closed ones included, by clause and cycle.
    """

    version: str
    lifecycle: RecordedLifecycle | None
    numbers: dict[tuple[str, int], set[int]] = field(default_factory=dict[tuple[str, int], set[int]])


@dataclass(slots=True)
class CaseContext:
    """One case, its timers, its table and the rules in force. Planning brings case and timers forward.

    ``now`` is never before the case's last change. ``done`` says who made which moves, where duties are separated.
    ``history`` and ``occurrences`` are None where they were not read; few moves need them. A case is not ``whole`` if
    only those timers were read that usual escalation steps touch. ``names`` are given for a case that bears names which
    its table no longer has.
    """

    case: CaseRow
    timers: list[RunningTimer]
    table: Lifecycle
    pack: Pack
    now: int
    around: Surroundings
    done: Done = ()
    history: History | None = None
    occurrences: Occurrences | None = None
    whole: bool = True
    names: RecordedNames | None = None


def starter_of(context: CaseContext, at: int) -> TimerStarter:
    """Return what starts timers of the case at an instant, in microseconds."""
    around = context.around
    return TimerStarter(around.calendar, context.pack, context.case, at, around.terms, context.occurrences)


class CaseFacts(Protocol):
    """A case as far as guards may know it: the engine's row, or the row that views read."""

    @property
    def state(self) -> str: ...
    @property
    def previous_state(self) -> str: ...
    @property
    def cycle(self) -> int: ...
    @property
    def level(self) -> int: ...
    @property
    def attempts(self) -> int: ...
    @property
    def severity(self) -> str | None: ...
    @property
    def variables(self) -> str: ...


def facts_of(case: CaseFacts, pack: Pack, actor: str = "", done_by: DoneBy | None = None) -> Facts:
    """Return what guards may know of a case now. ``actor`` is the handle of a person, empty for nobody."""
    return Facts(
        state=case.state,
        previous_state=case.previous_state,
        cycle=case.cycle,
        level=case.level,
        attempts=case.attempts,
        max_rounds=pack.rounds.max,
        max_attempts=pack.callbacks.attempts,
        severity=case.severity,
        variables=orjson.loads(case.variables),
        bounds={name: bound.amount for name, bound in pack.bounds.items()},
        actor=actor,
        done_by=done_by or {},
    )


def done_by(done: Done, moves: Collection[str]) -> DoneBy:
    """Return who made each of these moves."""
    return {name: frozenset(handle for move, handle in done if move == name) for name in moves}


def decide(context: CaseContext, move: str, form: Form, actor: Acting) -> Decision:
    """Return the table's decision whether the actor may make the move now. Raises ``Refused``."""
    table, case = context.table, context.case
    row = table.settled(move, case.state, actor.roles)
    if row is not None:
        return Decision(row, case.state, row.dest or case.state, form)
    if not actor.person:
        return table.decide(facts_of(case, context.pack), move, form, actor.roles)
    separate = done_by(context.done, table.separate_from(move, case.state))
    return table.decide(facts_of(case, context.pack, actor.handle, separate), move, form, actor.roles)
