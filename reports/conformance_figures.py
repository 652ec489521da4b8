"""The figures of a replayed log: fitness, deviations with their reasons, sojourn times, and how promises ended."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from locales.shares import share_number
from reports.discovered_model import Arc, DiscoveredModel

EXAMPLES = 5
"""How many events are named for each reason."""


class EventReference(NamedTuple):
    """An event as an example: our case, and the event's row in the file."""

    number: str
    row: int


@dataclass(slots=True)
class SlaComparison:
    """What the log says of its promise against what our timers came to, in cases of both answers.

    The first word of each name is the log's answer, the second is ours.
    """

    clause: str
    kept_kept: int = 0
    kept_broken: int = 0
    broken_kept: int = 0
    broken_broken: int = 0

    def add(self, log: str, *, broken: bool) -> None:
        """Count a case."""
        name = f"{log}_{'broken' if broken else 'kept'}"
        setattr(self, name, getattr(self, name) + 1)


@dataclass(slots=True)
class Deviation:
    """How often a deviation occurred, the log's activities that caused it, and examples."""

    times: int = 0
    words: Counter[str] = field(default_factory=Counter[str])
    examples: list[EventReference] = field(default_factory=list[EventReference])

    def add(self, times: int, number: str, row: int) -> None:
        """Count it; keep the first few as examples."""
        self.times += times
        if len(self.examples) < EXAMPLES:
            self.examples.append(EventReference(number, row))


@dataclass(frozen=True, slots=True)
class SojournTime:
    """How long cases stayed in a state, in microseconds; ``visits`` counts the stays that have ended."""

    visits: int
    median: int
    p90: int


@dataclass(slots=True)
class TimerOutcomes:
    """How a clause's timers ended: kept (met), broken (breached), stopped before they were due, or still open.

    ``not_judged`` are those of which the log does not tell whether they were met in time.
    """

    kept: int = 0
    broken: int = 0
    stopped: int = 0
    open: int = 0
    not_judged: int = 0


@dataclass(slots=True)
class Conformance:
    """The figures of one log, and the ids in the source of the cases that are examples.

    The figures from ``reopened_cases`` to ``hand_backs`` describe the log itself.
    """

    source: str
    kind: str
    pack: str
    bridged: bool
    cases: int = 0
    fitting_cases: int = 0
    events: int = 0
    applied: int = 0
    inferred: int = 0
    ignored: Counter[str] = field(default_factory=Counter[str])
    refused: dict[str, Deviation] = field(default_factory=dict[str, Deviation])
    flags: dict[str, Deviation] = field(default_factory=dict[str, Deviation])
    reopened_cases: int = 0
    reopenings: int = 0
    resolved_twice: int = 0
    cases_after_end: int = 0
    events_after_end: int = 0
    unprepared: int = 0
    self_loops: int = 0
    rework: int = 0
    ping_pong: int = 0
    hand_backs: int = 0
    stays: dict[str, SojournTime] = field(default_factory=dict[str, SojournTime])
    promises: dict[str, TimerOutcomes] = field(default_factory=dict[str, TimerOutcomes])
    not_judged: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    arcs: Counter[Arc] = field(default_factory=Counter[Arc])
    standing: Counter[str] = field(default_factory=Counter[str])
    sla: SlaComparison | None = None
    source_ids: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def lived(self) -> DiscoveredModel:
        """What the cases did, for the diagram."""
        return DiscoveredModel(self.kind, self.arcs, self.standing)

    @property
    def event_fitness(self) -> float:
        """The share of the events, without the ignored ones, that could be applied."""
        return share_of(self.applied, self.events - self.ignored.total())

    @property
    def case_fitness(self) -> float:
        """The share of the cases without refused or inferred events."""
        return share_of(self.fitting_cases, self.cases)

    @property
    def refusals(self) -> int:
        """The number of refused events."""
        return sum(deviation.times for deviation in self.refused.values())


def share_of(part: int, whole: int) -> float:
    """Return a share in four digits; 1 of nothing."""
    rounded = share_number(part, whole, digits=4, full=1)
    return 1.0 if rounded is None else rounded
