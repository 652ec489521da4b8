"""Finds the escalation ladders of which no step needs the table's decision case by case.

Note [Usual steps]: a step of an escalation ladder tells its case something and leaves it where it is; only the level
may rise, and no timer but its own is touched. For such a step the table is asked once for all cases of one kind, state,
pack and clause that are loaded together, and only where no guard, no separation of duties and no consequence could make
one case differ from the next. Any other step is a move like every other. Tests ask the machine for all of them.
"""

from typing import NamedTuple

from engine.caches import Acting
from engine.commands.case_context import CaseContext
from engine.timers.timer import RunningTimer
from models.columns import from_micros
from statemachines.form_model import ON_CASE, PERSONAL, VARIABLE, StepFired, marked
from statemachines.lifecycle import Facts, Lifecycle, Refused


class UsualStep(NamedTuple):
    """A step as the table answers it for all cases that are alike: see Note [Usual steps]."""

    move: str
    percent: int
    level: int


Ladder = tuple[UsualStep, ...]


def step_form(timer: RunningTimer, percent: int, level: int, due_at: int) -> StepFired:
    """Return the form of the move that a step of the timer makes."""
    return StepFired(clause=timer.clause, cycle=timer.cycle, percent=percent, level=level, due_at=from_micros(due_at))


def ladder_of(context: CaseContext, timer: RunningTimer) -> Ladder | None:
    """Return the steps of the timer's ladder if each of them is usual, and no other timer would be touched."""
    case = context.case
    settled = context.table.settled_timers
    for other in context.timers:
        if other.closed_at is None and (case.state, other.clause) not in settled:
            return None
    key = (case.kind, case.state, case.closed, context.pack.edition, timer.clause)
    ladders = context.around.ladders
    if key not in ladders:
        ladders[key] = _usual_ladder(context, timer)
    return ladders[key]


def _usual_ladder(context: CaseContext, timer: RunningTimer) -> Ladder | None:
    table, state, pack = context.table, context.case.state, context.pack
    clause = context.table.clause[timer.clause]
    if clause.then is not None or bool(context.case.closed) != table.state[state].final:
        return None
    steps = tuple(
        UsualStep(table.breach if step.percent >= 100 else table.remind, step.percent, step.level)
        for step in pack.ladder
    )
    forms = (step_form(timer, step.percent, step.level, 0) for step in steps)
    system = context.around.system
    usual = all(leaves_alone(table, state, step.move, form, system) for step, form in zip(steps, forms, strict=True))
    return steps if usual else None


def leaves_alone(table: Lifecycle, state: str, move: str, form: StepFired, actor: Acting) -> bool:
    """Return whether ``move`` does to each case in ``state`` the same: nothing but to raise its level.

    False where the table forbids it there.
    """
    rows = [row for row in table.rows[move] if state in row.sources]
    if actor.person or any(row.guard for row in rows):  # the system is no person: no duty is separated from its moves
        return False
    try:
        row = table.decide(Facts(state=state), move, form, actor.roles).row
    except Refused:
        return False
    if row.dest not in (None, state) or row.reopens or row.extends or row.counts or row.clears or row.collects:
        return False
    if row.releases_timers or row.inherits_timers:
        return False
    if any(marked(type(form), mark) for mark in (ON_CASE, VARIABLE, PERSONAL)):
        return False
    return not any(move in clause.met_by or move in clause.started_by for clause in table.clauses)
