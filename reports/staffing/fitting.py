"""Take apart what the record shows of each step: how long nobody worked on it, and how long somebody did (K3).

Note [Work and delay]: the record says when a move was made, not when its maker began with it. He began at the earliest
when the case was ready for the move and when he had made his move before, on whatever case (Chapela-Campa and Dumas
2022). Where the case was ready before that, he took it up next: such times are work. Where it was not, he may have done
something else meanwhile; so nothing counts as work beyond the upper quartile of the times that are, of the same desk
and state, and nothing beyond eight hours. Before the work comes, first, a delay, which more people would not shorten;
then the time in which he worked without a break on other cases. The latter is left out here: the simulation brings such
waits about.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from reports.staffing.lives import NOBODY, Move
from reports.staffing.staffed_hours import HOUR, StaffedHours

LEAST_STEPS: Final = 20
"""From so many times of work on an upper quartile says something."""
MOST_WORK: Final = 8 * HOUR
"""Nobody works on one step for more than a day without doing anything else."""


class Split(NamedTuple):
    """A step's time, in microseconds: elapsed ``delay``, and ``work`` of staffed hours; the desk that worked."""

    desk: str
    delay: int
    work: int


class Ready(NamedTuple):
    """A move of a person, and since when its case was ready for it."""

    move: Move
    since: int


@dataclass(slots=True)
class _Person:
    last: int
    """When he made his last move."""
    busy_since: int
    """Since when he has worked without a break."""


@dataclass(frozen=True, slots=True)
class Quartiles:
    """The upper quartile of the times of work, in microseconds, by desk and state, and by desk; the known ones only."""

    by_state: Mapping[tuple[str, str], int]
    by_desk: Mapping[str, int]
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])

    def most(self, desk: str, state: str) -> int | None:
        """Return the longest time that counts as work; None where too few are known."""
        return self.by_state.get((desk, state), self.by_desk.get(desk))


def quartiles(steps: Iterable[Ready], hours: Mapping[str, StaffedHours]) -> Quartiles:
    """Return the upper quartiles of the times of work; ``steps`` are in the order of their instants."""
    times: dict[tuple[str, str], list[int]] = {}
    last: dict[int, int] = {}
    for move, since in steps:
        before = last.get(move.actor_id)
        last[move.actor_id] = move.occurred_at
        desk = hours.get(move.desk)
        if before is not None and since <= before and desk is not None and desk.is_staffed(move.occurred_at):
            times.setdefault((move.desk, move.source), []).append(desk.worked(before, move.occurred_at))
    by_desk: dict[str, list[int]] = {}
    for (desk, _), found in times.items():
        by_desk.setdefault(desk, []).extend(found)
    return Quartiles(
        {key: _upper(found) for key, found in times.items() if len(found) >= LEAST_STEPS},
        {desk: _upper(found) for desk, found in by_desk.items() if len(found) >= LEAST_STEPS},
        {key: len(found) for key, found in times.items()},
    )


def _upper(times: list[int]) -> int:
    return min(sorted(times)[len(times) * 3 // 4], MOST_WORK)


def split_steps(steps: Sequence[Ready], hours: Mapping[str, StaffedHours], known: Quartiles) -> list[Split]:
    """Return delay and work of each step, which are in the order of their instants. See Note [Work and delay]."""
    people: dict[int, _Person] = {}
    return [_split(step, hours.get(step.move.desk), known, people) for step in steps]


def _split(step: Ready, hours: StaffedHours | None, known: Quartiles, people: dict[int, _Person]) -> Split:
    move, since = step
    at, most = move.occurred_at, known.most(move.desk, move.source)
    before = people.get(move.actor_id)
    if hours is None or most is None or not hours.is_staffed(at):
        return Split(NOBODY, max(at - since, 0), 0)
    begun = since if before is None else max(since, before.last)
    work = min(hours.worked(begun, at), most)
    start = at - work if hours.worked(at - work, at) == work else _start(hours, begun, at, work)
    goes_on = before is not None and start <= before.last
    busy_since = before.busy_since if before is not None and goes_on else start
    people[move.actor_id] = _Person(at, busy_since)
    ready = max(since, busy_since) if goes_on else max(since, start)
    return Split(move.desk, max(ready - since, 0), work)


def _start(hours: StaffedHours, begun: int, at: int, work: int) -> int:
    """Return when the work began that ended at an instant."""
    found = hours.after(begun, hours.worked(begun, at) - work)
    return begun if found is None else found
