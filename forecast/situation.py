"""What is known of an open SLA timer at one instant, and the features that a forecast is made from (K1).

Note [As of an instant]: a situation holds nothing that became known later. Training takes it from the record, which is
recomputed up to the instant (``past``); use takes it from the rows of the timer and its case (``present``). Both call
``situation_of`` and ``features``, so a model is asked what it was taught. A person is never a feature: of the owner
only the number of his open cases counts.
"""

from bisect import bisect_right
from typing import Final, NamedTuple, Protocol

from engine.calendars.calendar import Calendar
from engine.timers.timer import falls_due, spent
from models.columns import from_micros

HOUR: Final = 3_600_000_000
LANDMARKS: Final = (0, 10, 25, 40, 50, 60, 75, 90)
"""The percentages of the allowance at which the past is looked at."""
HOURS: Final = (1, 2, 4, 8, 16, 24, 48, 96, 168, 336)
COUNTS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096)
MOST_ROUNDS, MOST_TRANSFERS, HOURS_IN_SPAN = 4, 3, 3
FEATURES_VERSION: Final = 1
"""The version of ``features``; a model of another one is not read."""
NONE: Final = "-"
"""The value of a field that the case does not have."""


class CaseFacts(Protocol):
    """What a situation needs of a case."""

    @property
    def kind(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def category(self) -> str | None: ...
    @property
    def severity(self) -> str | None: ...
    @property
    def department(self) -> str | None: ...
    @property
    def channel(self) -> str: ...
    @property
    def cycle(self) -> int: ...


class TimerFacts(Protocol):
    """What a situation needs of a timer that runs; amounts and instants in microseconds."""

    @property
    def clause(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def allowance(self) -> int: ...
    @property
    def consumed(self) -> int: ...
    @property
    def running_since(self) -> int | None: ...


class Situation(NamedTuple):
    """A running timer at an instant: ``used`` is the share of its allowance, ``left`` what is left of it.

    ``allowance`` and ``left`` are hours, ``left`` those of the clock until the limit. ``hour`` and ``weekday`` (0 is
    Monday) are local to the timer's calendar. ``queue`` counts the open cases of the department, ``owned`` those of the
    owner; None without an owner.
    """

    kind: str
    clause: str
    state: str
    category: str | None
    severity: str | None
    department: str | None
    channel: str
    rounds: int
    transfers: int
    used: float
    allowance: float
    left: float
    hour: int
    weekday: int
    queue: int
    owned: int | None


class Load(NamedTuple):
    """The open cases of a department and of an owner (None without one) at an instant."""

    queue: int
    owned: int | None


def situation_of(timer: TimerFacts, case: CaseFacts, transfers: int, place: Calendar, load: Load, at: int) -> Situation:
    """Return the situation of a running timer; ``place`` is its calendar, ``at`` the instant in microseconds."""
    since = at if timer.running_since is None else timer.running_since
    consumed = timer.consumed + spent(timer.unit, place, since, at)
    due = falls_due(timer.unit, place, since, max(timer.allowance - timer.consumed, 0))
    local = place.local(from_micros(at))
    return Situation(
        case.kind, timer.clause, case.state, case.category, case.severity, case.department, case.channel,
        case.cycle, transfers, min(consumed / max(timer.allowance, 1), 1.0), timer.allowance / HOUR,
        max(due - at, 0) / HOUR, local.hour, local.weekday(), load.queue, load.owned,
    )  # fmt: skip


Feature = tuple[str, float]
"""The name of a feature, ``field=value``, and how much of it there is, from 0 to 1."""


def features(known: Situation) -> list[Feature]:
    """Return the features of a situation; those of the used share lie between two landmarks."""
    clause, state = f"{known.kind}.{known.clause}", f"{known.kind}.{known.state}"
    shares = _between_landmarks(100 * known.used)
    whole = (
        f"clause={clause}",
        f"state={clause}@{known.state}",
        f"category={known.category or NONE}",
        f"severity={known.severity or NONE}",
        f"department={known.department or NONE}",
        f"channel={known.channel}",
        f"rounds={min(known.rounds, MOST_ROUNDS)}",
        f"transfers={min(known.transfers, MOST_TRANSFERS)}",
        f"hour={known.hour // HOURS_IN_SPAN * HOURS_IN_SPAN}",
        f"weekday={known.weekday}",
        f"left={_step(HOURS, known.left)}",
        f"allowance={_step(HOURS, known.allowance)}",
        f"queue={_step(COUNTS, known.queue)}",
        f"owned={NONE if known.owned is None else _step(COUNTS, known.owned)}",
    )
    found = [(name, 1.0) for name in whole]
    for landmark, weight in shares:
        found.append((f"used={landmark}", weight))
        found.append((f"used_clause={clause}:{landmark}", weight))
        found.append((f"used_state={clause}@{state}:{landmark}", weight))
    return found


def _between_landmarks(percent: float) -> list[tuple[int, float]]:
    """Return the landmarks before and after a percentage, each with its part; they add up to 1."""
    after = bisect_right(LANDMARKS, percent)
    if after == len(LANDMARKS):
        return [(LANDMARKS[-1], 1.0)]
    before, following = LANDMARKS[after - 1], LANDMARKS[after]
    part = (percent - before) / (following - before)
    return [(before, 1 - part), (following, part)] if part else [(before, 1.0)]


def _step(steps: tuple[int, ...], amount: float) -> int:
    """Return the highest step that an amount reaches; 0 below the first."""
    reached = bisect_right(steps, amount)
    return steps[reached - 1] if reached else 0
