"""Derives from a case's history when a timer ran, and from that when its limit was used up."""

from collections.abc import Sequence

from engine.calendars.calendar import Calendar
from engine.timers.timer import falls_due, spent
from statemachines.lifecycle import Clause

History = list[tuple[str, int]]
"""The states that a case came into and when, oldest first; instants in microseconds."""
Stretch = tuple[int, int]
"""From when until when a timer ran."""


def stretches(history: History, clause: Clause, opened_at: int, until: int) -> list[Stretch]:
    """Return when a timer of the clause ran from its start until an instant; between two stretches it was paused.

    The last stretch of one that runs ends at that instant, also if it has just begun.
    """
    ran: list[Stretch] = []
    since: int | None = None
    for state, occurred_at in history:
        then = min(max(occurred_at, opened_at), until)
        runs = state in clause.during
        if runs and since is None:
            since = then
        elif not runs and since is not None:
            ran, since = [*ran, (since, then)], None
    ran = [(begin, end) for begin, end in ran if begin < end]
    return ran if since is None else [*ran, (since, until)]


def used_up_at(unit: str, place: Calendar, allowance: int, ran: Sequence[Stretch], runs: bool) -> int | None:
    """Return the instant at which the allowance is used up; of one that is not, when it will be if the timer ``runs``.

    None for a timer that is paused before that.
    """
    used = 0
    for at, (since, until) in enumerate(ran):
        here = spent(unit, place, since, until)
        last = at == len(ran) - 1
        if used + here >= allowance or (last and runs):
            return falls_due(unit, place, since, allowance - used)
        used += here
    return None
