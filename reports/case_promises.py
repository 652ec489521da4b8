"""Reads the open promises of some cases of which an escalation step has fired, for the notices about them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.rules.in_force import rules_in
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros
from reports.overdue import due_of
from statemachines.kinds import lifecycle_of

# The columns are those that `due_of` reads, and the timer's level.
PROMISES = """
SELECT k.id, k.case_id, c.kind, k.clause, k.occurrence, k.level, k.opened_at, k.running_since, k.allowance, k.consumed,
       k.unit, k.calendar,
       CASE WHEN k.consumed >= k.allowance
            THEN (SELECT min(s.due_at) FROM escalation_step s WHERE s.timer_id = k.id AND s.percent >= 100)
             END AS breached_at
  FROM timer k JOIN cases c ON c.id = k.case_id
 WHERE k.case_id = ANY(:ids) AND k.closed_at IS NULL AND {those} ORDER BY k.case_id, k.id
"""
FIRED = "k.steps_fired > 0"
DATED = "(k.running_since IS NOT NULL OR k.consumed >= k.allowance)"
"""The timers that run, and those that are paused after their promise was broken: each has the instant it was due."""
STEPS = "SELECT case_id, seq, timer_id FROM escalation_step WHERE case_id = ANY(:ids)"


@dataclass(frozen=True, slots=True)
class OpenPromise:
    """A promise that has not been met yet; ``level`` is the one that its steps have reached."""

    timer_id: int
    clause: str
    occurrence: int
    level: int
    due_at: datetime
    paused: bool


@dataclass(frozen=True, slots=True)
class CasePromises:
    """The promises of a case, the first due first, and the timer of each escalation step by its ``seq``."""

    open: tuple[OpenPromise, ...]
    timers: dict[int, int]

    def of_step(self, seq: int) -> OpenPromise | None:
        """Return the promise whose step fired by this transition; None if it was met since."""
        return next((promise for promise in self.open if promise.timer_id == self.timers.get(seq)), None)

    def asking(self, level: int) -> tuple[OpenPromise, ...]:
        """Return the promises that have reached a level; at level 0 all."""
        return tuple(promise for promise in self.open if promise.level >= level)


def promises_of(store: Store, case_ids: Sequence[int]) -> list[CasePromises]:
    """Return the promises of each of these cases, in the order of the ids."""
    ids = sorted(set(case_ids))
    with store.looking() as tx:
        promises, timers = _promises(tx, ids, FIRED), _timers(tx, ids)
    return [CasePromises(tuple(sorted(promises[one], key=_due_first)), timers[one]) for one in case_ids]


def next_promises(tx: Tx, case_ids: Sequence[int]) -> dict[int, tuple[OpenPromise, ...]]:
    """Return the open promises of each of these cases that has any with an instant, the first due first."""
    promises = _promises(tx, sorted(set(case_ids)), DATED)
    return {case_id: tuple(sorted(some, key=_due_first)) for case_id, some in promises.items()}


def _promises(tx: Tx, ids: list[int], those: str) -> dict[int, list[OpenPromise]]:
    promises: dict[int, list[OpenPromise]] = defaultdict(list)
    rules = rules_in(tx)
    for row in tx.rows_among(PROMISES.format(those=those), ids=ids):
        if row.clause not in lifecycle_of(row.kind).timer_only:
            due_at = from_micros(due_of(row, rules))
            promises[row.case_id].append(_promise(row, due_at))
    return promises


def _promise(row: Any, due_at: datetime) -> OpenPromise:
    clause = lifecycle_of(row.kind).resolver.clause_or_own(row.clause)
    return OpenPromise(row.id, clause, row.occurrence, row.level, due_at, row.running_since is None)


def _timers(tx: Tx, ids: list[int]) -> dict[int, dict[int, int]]:
    timers: dict[int, dict[int, int]] = defaultdict(dict)
    for row in tx.rows_among(STEPS, ids=ids):
        timers[row.case_id][row.seq] = row.timer_id
    return timers


def _due_first(promise: OpenPromise) -> tuple[datetime, str, int]:
    return promise.due_at, promise.clause, promise.occurrence
