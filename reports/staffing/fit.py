"""Fit a history: its days, the lives of its cases, and how many people of each desk are usually there (K3).

Note [Who is there]: the record shows when people acted, not when they were there. A person counts in the hours of the
day in which he usually acts (the earliest and the latest twentieth of his moves left out), with the share of the days
of a sort on which he made any move. A duty roster does not say it either: it names who is alerted, not who works.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from engine.calendars.calendar import Calendar
from engine.commands.case_context import BY_TIMER
from engine.commands.open_case import OPEN
from reports.staffing.arrivals import RECENT, Days
from reports.staffing.fitting import Quartiles, Ready, quartiles, split_steps
from reports.staffing.lives import Life, Move, Rests, Step
from reports.staffing.record import PastCase, needs_staff
from reports.staffing.staffed_hours import HOUR, Profile, day_sorts, local_hour, on_hours
from statemachines.kinds import lifecycle_of

SHARE: Final = 20
"""The earliest and the latest twentieth of somebody's moves say nothing about his hours."""
LEAST: Final = 0.25
"""An hour in which this share of a person is there, or more, has somebody in it."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What was learned from a history up to an instant."""

    calendar: Calendar
    end: int
    days: Days
    rests: Rests
    profiles: Mapping[str, Profile]
    work: Quartiles
    cases: int
    steps: int
    staffed_steps: int
    """Steps of staff, and those of them whose work is known."""


def fit(past: Sequence[PastCase], end: int, calendar: Calendar) -> Fit:
    """Fit the moves made before an instant, in microseconds; ``past`` holds at least one case opened before it."""
    seen = [(each, [move for move in each.moves if move.occurred_at < end]) for each in past]
    seen = [(each, moves) for each, moves in seen if moves and moves[0].move == OPEN]
    first = min(moves[0].occurred_at for _, moves in seen)
    ready = [step for each, moves in seen for step in _ready(each.case.kind, moves)]
    ready.sort(key=lambda step: (step.move.occurred_at, step.move.case_id, step.move.seq))
    profiles = usual_people([step.move for step in ready], max(first, end - RECENT * 24 * HOUR), end, calendar)
    hours = {desk: on_hours(profile, calendar, first, end) for desk, profile in profiles.items()}
    work = quartiles(ready, hours)
    split = dict(zip((_key(step.move) for step in ready), split_steps(ready, hours, work), strict=True))
    lives = [_life(each, moves, split, end) for each, moves in seen]
    by_day: dict[date, list[Life]] = {}
    for life in lives:
        by_day.setdefault(local_hour(calendar, life.case.opened_at).date(), []).append(life)
    days = Days(by_day, min(by_day), local_hour(calendar, end - 1).date(), day_sorts(calendar))
    staffed = sum(bool(each.desk) for each in split.values())
    return Fit(calendar, end, days, Rests(lives), profiles, work, len(lives), len(ready), staffed)


def _key(move: Move) -> tuple[int, int]:
    return move.case_id, move.seq


def _ready(kind: str, moves: Sequence[Move]) -> Iterable[Ready]:
    since = moves[0].occurred_at
    for move in moves[1:]:
        if move.via != BY_TIMER:
            if needs_staff(kind, move):
                yield Ready(move, since)
            since = max(since, move.occurred_at)


def _life(
    each: PastCase, moves: Sequence[Move], split: Mapping[tuple[int, int], tuple[str, int, int]], end: int
) -> Life:
    entered = since = moves[0].occurred_at
    steps: list[Step] = []
    for move in moves[1:]:
        if move.source != move.dest:
            entered = max(entered, move.occurred_at)
        if move.via == BY_TIMER:
            continue
        found = split.get(_key(move), ("", max(move.occurred_at - since, 0), 0))
        steps.append(Step(move, *found))
        since = max(since, move.occurred_at)
    last = lifecycle_of(each.case.kind).state.get(moves[-1].dest)
    return Life(each.case, moves[0], tuple(steps), end - entered, last is not None and last.final)


def usual_people(moves: Sequence[Move], begin: int, end: int, calendar: Calendar) -> dict[str, Profile]:
    """Return how many people of each desk are there, by the moves from an instant on. See Note [Who is there]."""
    sort, acted = day_sorts(calendar), dict[tuple[str, int], list[tuple[date, int]]]()
    for move in moves:
        if move.occurred_at >= begin:
            local = local_hour(calendar, move.occurred_at)
            acted.setdefault((move.desk, move.actor_id), []).append((local.date(), local.hour))
    first, last = local_hour(calendar, begin).date(), local_hour(calendar, end - 1).date()
    counts: dict[int, int] = {}
    for number in range((last - first).days + 1):
        counts[each] = counts.get(each := sort(first + timedelta(days=number)), 0) + 1
    there: dict[str, dict[tuple[int, int], float]] = {}
    for (desk, _), found in acted.items():
        usual, hours = there.setdefault(desk, {}), sorted(hour for _, hour in found)
        came, left = hours[len(hours) // SHARE], hours[-1 - len(hours) // SHARE]
        present: dict[int, int] = {}
        for day in {day for day, _ in found}:
            present[sort(day)] = present.get(sort(day), 0) + 1
        for each, times in present.items():
            for hour in range(came, left + 1):
                usual[each, hour] = usual.get((each, hour), 0.0) + times / counts[each]
    return {desk: _rounded(usual) for desk, usual in there.items()}


def _rounded(usual: Mapping[tuple[int, int], float]) -> Profile:
    return {key: max(int(share + 0.5), 1) for key, share in usual.items() if share >= LEAST}
