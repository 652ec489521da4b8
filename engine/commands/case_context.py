"""The case context: what a move of one case needs to know, loaded at once and passed down.

Note [Two instants]: promises are judged by the instant that the clock gives (``now``). What is written is recorded at
``recorded_at``, which never goes back: neither within a case nor before the low-water mark, the last anchor. They
differ only after a clock was ahead, and then an anchor or a move of that clock decides no promise. See ADR 45.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

from engine.caches import Acting
from engine.calendars.calendar import Calendar
from engine.ledger.record import CaseRow
from engine.rules.in_force import Rules
from engine.rules.policy import Pack
from engine.timers import timer as timing
from engine.timers.start import LimitMemo, Occurrences, SpentParts, TimerStarter
from engine.timers.stretches import History
from engine.timers.timer import RunningTimer
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle
from statemachines.lifecycle_record import RecordedLifecycle

BY_TIMER = "timer"
"""The ``via`` of a move that a timer made."""

Done = Sequence[tuple[str, str]]
"""The moves of a case and the handles of those who made them."""
_TIMER_VALUES = attrgetter(*(f"timer_{name}" for name in timing.COLUMNS))


@dataclass(slots=True)
class Surroundings:
    """What is the same for all cases that are loaded together.

    Promises are judged by ``now``, the instant that the clock gave; what is written is recorded at ``recorded_at``,
    which is never before the low-water mark. ``terms``, ``ladders`` and ``calendars`` keep what planning computed from
    the rules and the tables, for cases that are alike. For a group of commands ``holders`` keeps who holds
    the certificate of a course, as it was read once.
    """

    rules: Rules
    system: Acting
    now: int
    recorded_at: int
    limits: LimitMemo = field(default_factory=LimitMemo)
    ladders: dict[tuple[Any, ...], Any] = field(default_factory=dict[tuple[Any, ...], Any])
    calendars: dict[str, Calendar] = field(default_factory=dict[str, Calendar])
    holders: dict[str, set[str]] | None = None

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


class Wanted(NamedTuple):
    """What is to be loaded for a command: which case and move, who makes it, and under which key.

    ``since`` is the ``seq`` of the transition that an automatic step answers.
    """

    number: str
    move: str
    actor: str
    key: str | None
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Honoured:
    """A key that was honoured before: for which request, and the move that answered it."""

    request_hash: str
    number: str
    seq: int
    state: str
    level: int


@dataclass(slots=True)
class Loaded:
    """What was read of one case, and of the command that is to move it; None is what does not exist.

    ``addressed`` says whether the customer of the case has an e-mail address, and ``later_moves`` are the moves of the
    case since the one that an automatic step answers; None where that was not read.
    """

    around: Surroundings
    case: CaseRow | None
    timers: Sequence[Any] = ()
    actor: Acting | None = None
    honoured: Honoured | None = None
    done: Done = ()
    history: History | None = None
    occurrences: Occurrences | None = None
    spent_parts: SpentParts | None = None
    whole: bool = True
    names: RecordedNames | None = None
    addressed: bool | None = None
    later_moves: Sequence[Any] | None = None


@dataclass(slots=True)
class CaseContext:
    """One case, its timers, its table and the rules in force. Planning brings case and timers forward.

    Promises are judged by ``now``; ``recorded_at`` is never before the case's last record or the low-water mark. See
    Note [Two instants]. ``done`` says who made which moves, where duties are separated.
    ``history``, ``occurrences`` and ``spent_parts`` are None where they were not read; few moves need them. A case is
    not ``whole`` if only those timers were read that usual escalation steps touch. ``names`` are given for a case that
    bears names which its table no longer has.
    """

    case: CaseRow
    timers: list[RunningTimer]
    table: Lifecycle
    pack: Pack
    now: int
    recorded_at: int
    around: Surroundings
    done: Done = ()
    history: History | None = None
    occurrences: Occurrences | None = None
    spent_parts: SpentParts | None = None
    whole: bool = True
    names: RecordedNames | None = None
    addressed: bool | None = None
    later_moves: Sequence[Any] | None = None


def context_of(loaded: Loaded) -> CaseContext:
    """Return the case context. Raises ``Refused('unknown_pack' | 'unknown_calendar' | 'unknown_kind')``."""
    case, around = loaded.case, loaded.around
    assert case is not None, "callers refuse a case that does not exist"
    table = lifecycle_of(case.kind)
    done, history = loaded.done, loaded.history
    if table.retired:
        done = [(table.resolver.move(move), handle) for move, handle in done]
        history = history and [(table.resolver.state(state), at) for state, at in history]
    return CaseContext(
        case=case,
        timers=[_running(around, row) for row in loaded.timers],
        table=table,
        pack=around.rules.pack(case.pack, around.now),
        now=around.now,
        recorded_at=max(around.recorded_at, case.changed_at),
        around=around,
        done=done,
        history=history,
        occurrences=loaded.occurrences,
        spent_parts=loaded.spent_parts,
        whole=loaded.whole,
        names=loaded.names,
        addressed=loaded.addressed,
        later_moves=loaded.later_moves,
    )


def _running(around: Surroundings, row: Any) -> RunningTimer:
    return RunningTimer(*_TIMER_VALUES(row), place=around.calendar(row.timer_calendar))


def starter_of(context: CaseContext, at: int) -> TimerStarter:
    """Return what starts timers of the case at an instant, in microseconds."""
    around = context.around
    return TimerStarter(
        around.calendar,
        context.pack,
        context.case,
        at,
        around.limits,
        context.occurrences,
        context.spent_parts,
        context.history,
    )
