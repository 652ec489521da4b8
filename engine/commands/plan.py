"""Plans what a move, or time alone, does to a case: the rows to be written. Nothing here reads or writes.

A lone move, a group, a sweep and a replay plan by the same two functions: ``plan_until`` fires the escalation steps
that are due until an instant, ``plan_move`` makes one decided move. Both bring the context's case and timers forward,
so that the next one plans on; what they add to the ``Plan`` is written by ``engine/commands/write.py``.

Note [Usual steps]: a step of an escalation ladder tells its case something and leaves it where it is; only the level
may rise, and no timer but its own is touched. For such a step the table is asked once for all cases of one kind, state,
pack and clause that are loaded together, and only where no guard, no separation of duties and no consequence could make
one case differ from the next. Any other step is a move like every other. Tests ask the machine for all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from engine.caches import Acting
from engine.commands.carry_over import carry_over
from engine.commands.case_context import BY_TIMER, CaseContext, starter_of
from engine.commands.decide import decide
from engine.ledger.case_variables import plain
from engine.ledger.chain import canonical, chain_hash
from engine.ledger.record import CaseRow, TransitionDraft, append, record_of
from engine.timers.apply import Before, apply
from engine.timers.reschedule import extend, inherit, reproject
from engine.timers.timer import RunningTimer, open_only, percents
from models.columns import from_micros
from statemachines.form_model import ON_CASE, PERSONAL, VARIABLE, Form, Nothing, Reprojected, StepFired, marked
from statemachines.lifecycle import Facts, Lifecycle, Refused

Row = dict[str, Any]


class TimersUnread(Exception):
    """A move is to be planned for a case of which not all open timers were read."""


class FiredStep(NamedTuple):
    """A step that fired: its timer, its place on the ladder, and the record of the move it made."""

    timer: RunningTimer
    place: int
    percent: int
    level: int
    due_at: int
    transition: Row


@dataclass(slots=True)
class Plan:
    """The rows that the moves of one case come to.

    ``was`` is the version that the case must still have; ``steps_only`` says that only usual steps fired.
    """

    case: CaseRow
    timers: list[RunningTimer]
    was: int
    transitions: list[Row] = field(default_factory=list[Row])
    statements: list[Row] = field(default_factory=list[Row])
    steps: list[FiredStep] = field(default_factory=list[FiredStep])
    key: Row | None = None
    steps_only: bool = True

    def restart(self) -> None:
        """Empty the plan, which was written, so that the case can be planned further."""
        self.was = self.case.version
        self.transitions, self.statements, self.steps, self.key, self.steps_only = [], [], [], None, True
        self.timers[:] = open_only(self.timers)
        for timer in self.timers:
            timer.changed = timer.renamed = False


@dataclass(frozen=True, slots=True)
class Fired:
    """A step that fired: whose, the level the case has since, the move the timer made, and the step itself."""

    number: str
    kind: str
    level: int
    move: str
    step: StepFired


def begin(context: CaseContext) -> Plan:
    """Return the plan of a case, which is carried over first if it bears a retired name. Raises ``Refused``."""
    case = context.case
    plan = Plan(case, context.timers, case.version)
    if context.names is not None:
        plan.transitions.append(carry_over(context, context.names))
        plan.steps_only, context.names = False, None
    return plan


def plan_move(context: CaseContext, plan: Plan, draft: TransitionDraft, handed_on: Sequence[Any] = ()) -> None:
    """Plan a decided move and what it does to the timers.

    ``handed_on`` are the rows of the timers that the case inherits. Raises ``Refused`` where a timer cannot be started,
    ``TimersUnread`` where the case is not whole.
    """
    if not context.whole:
        raise TimersUnread
    case, table = context.case, context.table
    was = Before(case.state, case.department, case.owner)
    traits = case.severity, case.channel, case.customer_type
    if handed_on:
        draft = replace(draft, level=max([draft.level, *(row.level for row in handed_on)]))
    plan.steps_only = False
    plan.transitions.append(append(case, table, draft, plan.statements))
    if context.history is not None:
        context.history.append((case.state, draft.occurred_at))
    starter = starter_of(context, draft.occurred_at)
    context.timers += apply(starter, table, context.table.clause, open_only(context.timers), was, draft)
    if handed_on:
        context.timers += inherit(starter, table, handed_on)
    if draft.row is not None and draft.row.extends:
        extend(starter, table.kind, context.table.clause, open_only(context.timers), draft.form)
    if traits != (case.severity, case.channel, case.customer_type):
        reproject(starter, context.table.clause, open_only(context.timers), context.history)


def plan_until(context: CaseContext, plan: Plan, until: int) -> None:
    """Plan every escalation step that is due at or before ``until``, in order, each with its due instant."""
    while (timer := _next_due(context.timers, until)) is not None:
        ladder = _ladder(context, timer)
        if ladder is not None and timer.steps_fired < len(ladder):
            _fire_usual(context, plan, timer, ladder)
        else:
            _fire(context, plan, timer)


def plan_reprojection(context: CaseContext, plan: Plan, reason: str) -> bool:
    """Plan to bring the open timers under the rules in force; whether any changed, which is recorded (F4)."""
    case = context.case
    at = max(context.now, case.changed_at)
    open_timers = open_only(context.timers)
    if not reproject(starter_of(context, at), context.table.clause, open_timers, context.history, lenient=True):
        return False
    form = Reprojected(reason=reason, edition=context.pack.edition)
    draft = TransitionDraft("reproject", case.state, form, context.around.system.id, BY_TIMER, at, at)
    plan.steps_only = False
    plan.transitions.append(append(case, context.table, draft, plan.statements))
    return True


def fired_of(plan: Plan) -> list[Fired]:
    """Return the steps that a plan fires, in order."""
    return [_fired(plan.case, step) for step in plan.steps]


def _fired(case: CaseRow, step: FiredStep) -> Fired:
    form = _step_form(step.timer, step.percent, step.level, step.due_at)
    return Fired(case.number, case.kind, step.transition["level"], step.transition["move"], form)


def _next_due(timers: Sequence[RunningTimer], until: int) -> RunningTimer | None:
    """Return the open timer that fires first; of several at one instant the oldest."""
    first, earliest = None, until + 1
    for timer in timers:
        if timer.fires_at is not None and timer.fires_at < earliest:
            first, earliest = timer, timer.fires_at
    return first


def _fire(context: CaseContext, plan: Plan, timer: RunningTimer) -> None:
    """Fire the timer's next step as a move like every other."""
    table, pack, system = context.table, context.pack, context.around.system
    clause = context.table.clause[timer.clause]
    due_at, place = timer.fires_at, timer.steps_fired
    assert due_at is not None
    percent = percents(clause, pack)[place]
    level = 0 if clause.then is not None else pack.ladder[place].level
    timer.steps_fired += 1
    timer.level = max(timer.level, level)
    timer.rearm(clause, pack)
    move = clause.then or (table.breach if percent >= 100 else table.remind)
    form: Form = Nothing() if clause.then else _step_form(timer, percent, level, due_at)
    row = decide(context, move, form, system).row
    dest = row.dest or context.case.state
    draft = TransitionDraft(move, dest, form, system.id, BY_TIMER, due_at, context.now, level=level, row=row)
    plan_move(context, plan, draft)
    plan.steps.append(FiredStep(timer, place, percent, level, due_at, plan.transitions[-1]))


def _step_form(timer: RunningTimer, percent: int, level: int, due_at: int) -> StepFired:
    return StepFired(clause=timer.clause, cycle=timer.cycle, percent=percent, level=level, due_at=from_micros(due_at))


class UsualStep(NamedTuple):
    """A step as the table answers it for all cases that are alike: see Note [Usual steps]."""

    move: str
    percent: int
    level: int


Ladder = tuple[UsualStep, ...]


def _ladder(context: CaseContext, timer: RunningTimer) -> Ladder | None:
    """Return the steps of the timer's ladder if each of them is usual, and no other timer would be touched."""
    case = context.case
    settled = context.table.settled_timers
    for other in context.timers:
        if other.closed_at is None and (case.state, other.clause) not in settled:
            return None
    key = (case.kind, case.state, case.closed, case.pack, timer.clause)
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
    forms = (_step_form(timer, step.percent, step.level, 0) for step in steps)
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
    if row.dest not in (None, state) or row.reopens or row.extends or row.counts or row.clears:
        return False
    if row.releases_timers or row.inherits_timers:
        return False
    if any(marked(type(form), mark) for mark in (ON_CASE, VARIABLE, PERSONAL)):
        return False
    return not any(move in clause.met_by or move in clause.started_by for clause in table.clauses)


def _fire_usual(context: CaseContext, plan: Plan, timer: RunningTimer, ladder: Ladder) -> None:
    """Fire the timer's next step, which raises the level and does nothing else: see Note [Usual steps]."""
    case, place, due_at = context.case, timer.steps_fired, timer.fires_at
    assert due_at is not None
    step = ladder[place]
    timer.steps_fired = place + 1
    timer.level = max(timer.level, step.level)
    timer.fires_at = timer.due_at(ladder[place + 1].percent) if place + 1 < len(ladder) else None
    timer.changed = True
    case.level = max(case.level, step.level)
    case.version += 1
    case.changed_at = max(context.now, case.changed_at)
    row = {
        "case_id": case.id,
        "seq": case.version,
        "move": step.move,
        "source": case.state,
        "dest": case.state,
        "cycle": case.cycle,
        "level": case.level,
        "actor_id": context.around.system.id,
        "via": BY_TIMER,
        "occurred_at": due_at,
        "recorded_at": case.changed_at,
        "inferred": False,
        "lifecycle": context.table.version,
        "form": canonical(
            {
                "clause": timer.clause,
                "cycle": timer.cycle,
                "percent": step.percent,
                "level": step.level,
                "due_at": plain(from_micros(due_at)),
            }
        ),
    }
    row["hash"] = case.head = chain_hash(case.head, record_of(case.number, row))
    plan.transitions.append(row)
    if context.history is not None:
        context.history.append((case.state, due_at))
    plan.steps.append(FiredStep(timer, place, step.percent, step.level, due_at, row))
