"""Decides which promises a replayed log can tell of.

Note [Not judged]: the timers of a promise count as kept or broken only where the log can tell. A log without any word
for the moves that meet the promise says nothing of it, and neither does a case of which the log does not say when the
promise began or was met. These timers are counted apart, with the reason.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from statemachines.lifecycle import Clause, Lifecycle

NOT_IN_LOG, NO_INSTANT = "clause_not_in_log", "no_instant"
"""Why a promise is not judged. See Note [Not judged]."""
UNTIMED = frozenset({"no_time", "bad_file.impossible_date", "bad_file.skipped_time", "bad_file.implausible_serial"})
"""Why events are refused whose instant the log does not tell."""


def moves_of_log(table: Lifecycle, moves: Collection[str], states: Collection[str]) -> frozenset[str]:
    """Return the moves that a log may show: those that its words name, and those into the states that they name."""
    return frozenset(moves) | {row.name for row in table.moves if row.dest in states}


@dataclass(frozen=True, slots=True)
class TimerJudge:
    """Decides whether the log can tell how a timer ended. See Note [Not judged]."""

    table: Lifecycle
    log_moves: frozenset[str]
    untimed: Collection[int]
    """The cases of which an event has no instant."""

    def reason_against(self, clause: Clause | None, timer: Any, inferred: Sequence[Any]) -> str:
        """Return why the timer is not judged; empty where it is. ``inferred`` are the inferred moves of its case."""
        if clause is None or not clause.met_by:
            return ""
        if self.log_moves.isdisjoint(clause.met_by):
            return NOT_IN_LOG
        if timer.case_id in self.untimed and timer.outcome != "met":
            return NO_INSTANT
        ended = timer.outcome in {"met", "breached"} and any(row.seq == timer.closed_by for row in inferred)
        begun = any(row.occurred_at == timer.opened_at and _begins(clause, row) for row in inferred)
        return NO_INSTANT if ended or begun else ""


def _begins(clause: Clause, row: Any) -> bool:
    """Return whether a recorded move starts a timer of the clause."""
    if clause.started_by:
        return row.move in clause.started_by
    return row.dest in clause.lives_in and row.source not in clause.lives_in
