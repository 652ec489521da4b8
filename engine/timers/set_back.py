"""Keeps timers right after a clock was set back, whether it was ahead before or is behind now.

Note [Set back]: after a clock was set back a case's history holds instants that are later than those of the moves after
them. Which clock was wrong is not known: one that was ahead, or one that is behind now. So each is given the time that
lets a promise end later. A move is judged by its own clock; a timer begins and resumes no earlier than the latest
instant of the case, so no time counts twice; and a pause that began by a clock far ahead began with the move before it.
Clocks of several machines differ by seconds all the time: within ``APART`` what was consumed stays consumed.
"""

from engine.clock import APART
from engine.timers.stretches import History, stretches
from engine.timers.timer import RunningTimer, spent
from models.columns import MICROSECOND
from statemachines.lifecycle import Clause

_APART = APART // MICROSECOND


class HistoryUnknown(Exception):
    """When a timer ran is told by the case's history alone, which was not read."""


def latest_instant(history: History | None) -> int:
    """Return the latest instant at which a move of the case occurred. Raises ``HistoryUnknown``."""
    if history is None:
        raise HistoryUnknown
    return max(occurred_at for _, occurred_at in history)


def recount(timer: RunningTimer, clause: Clause, history: History | None, at: int) -> None:
    """Resume a paused timer after its case's latest instant; count again what it consumed before a clock went far back.

    ``history`` ends with the move that resumes it, at ``at``. Where it does not tell when the timer ran, because that
    began in another case, what was consumed stays. Raises ``HistoryUnknown``.
    """
    timer.running_since = latest_instant(history)
    assert history is not None
    if timer.running_since - at <= _APART or all(occurred_at != timer.opened_at for _, occurred_at in history):
        return
    ran = stretches(_trusted(history), clause, timer.opened_at, at)
    timer.consumed = min(timer.consumed, sum(spent(timer.unit, timer.place, since, until) for since, until in ran))


def _trusted(history: History) -> History:
    """Return the history with earlier instants for moves far later than one after them. See Note [Set back]."""
    earliest_after: list[int] = []
    for _, occurred_at in reversed(history):
        earliest_after.append(min(occurred_at, earliest_after[-1] if earliest_after else occurred_at))
    trusted: History = []
    for (state, occurred_at), earliest in zip(history, reversed(earliest_after), strict=True):
        before = trusted[-1][1] if trusted else earliest
        trusted.append((state, occurred_at if occurred_at - earliest <= _APART else min(before, earliest)))
    return trusted
