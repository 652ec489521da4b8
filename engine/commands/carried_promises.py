"""Reads the promises that a case takes over: those of an end that is undone, and of the inquiry that it came of.

Note [What was promised stays promised]: neither a mistaken end nor another kind makes a promise to the customer
forgotten. What was open goes on, with the time that it had used; what was met stays met.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.commands.case_context import CaseContext
from engine.timers import timer as timing
from engine.transaction import Tx
from statemachines.lifecycle import Lifecycle, Move
from statemachines.retirement import CARRIED_OVER

CONVERTED = "converted"
"""The relation of a complaint to the inquiry that was turned into it."""

EVER = 2**63 - 1

THE_END = """
SELECT seq, form FROM transition WHERE case_id = :id AND source <> dest AND move <> :carried_over
 ORDER BY seq DESC LIMIT 1
"""
ENDED = f"""
SELECT {", ".join(timing.COLUMNS)} FROM timer
 WHERE case_id = :id AND closed_by = :seq AND outcome IN ('stopped', 'handed_on') ORDER BY id
"""
MET_IN = """
SELECT t.clause, t.opened_at FROM timer t JOIN cases c ON c.id = t.case_id
 WHERE c.number = :number AND t.outcome IN ('met', 'breached') AND t.closed_at <= :until
"""
HANDED_ON = f"""
SELECT {", ".join(f"t.{name}" for name in timing.COLUMNS)} FROM timer t JOIN cases c ON c.id = t.case_id
 WHERE c.number = :number AND t.outcome = 'handed_on' ORDER BY t.id
"""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What a case takes over: the timers that run on, by column, and the clauses that start none of their own."""

    timers: Sequence[Any] = ()
    settled: frozenset[str] = frozenset()


def promises_of_the_end(tx: Tx, context: CaseContext, row: Move, until: int = EVER) -> TakenOver:
    """Return the promises that the end stopped which the move undoes; nothing for any other move.

    What was met in the case into which this one was merged by mistake stays met, if it was met ``until`` an instant:
    a replay may have brought that case further.
    """
    if not row.restores_timers:
        return TakenOver()
    end = tx.row(THE_END, id=context.case.id, carried_over=CARRIED_OVER)
    into = json.loads(end.form).get("into")
    met_there = tx.rows(MET_IN, number=into, until=until) if into else ()
    met = {(timer.clause, timer.opened_at) for timer in met_there}
    ended = tx.rows(ENDED, id=context.case.id, seq=end.seq)
    timers: list[Any] = []
    settled: set[str] = set()
    for timer in ended:
        clause = context.table.clause.get(context.table.resolver.clause(timer.clause) or "")
        lives = clause is not None and clause.answers and row.dest in clause.lives_in
        if clause is not None and lives and (timer.clause, timer.opened_at) not in met:
            timers.append(timer)
            settled.add(clause.name)
    return TakenOver(timers, frozenset(settled))


def promises_of_the_inquiry(tx: Tx, table: Lifecycle, parent: str | None, relation: str) -> TakenOver:
    """Return the promises that a complaint takes over from the inquiry that was turned into it.

    A promise that is made once, as the first reply, and that the inquiry met is not made again.
    """
    if parent is None or relation != CONVERTED:
        return TakenOver()
    timers = tx.rows(HANDED_ON, number=parent)
    met = {timer.clause for timer in tx.rows(MET_IN, number=parent, until=EVER)}
    running = {timer.clause for timer in timers}
    once = {clause.name for clause in table.clauses if clause.once}
    return TakenOver(timers, frozenset(running | (once & met)))
