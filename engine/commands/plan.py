"""Plans what a move, or time alone, does to a case: the rows to be written. Nothing here reads or writes.

A lone move, a group, a sweep and a replay plan by the same two functions: ``plan_until`` fires the escalation steps
that are due until an instant, ``plan_move`` makes one decided move. Both bring the context's case and timers forward,
so that the next one plans on; what they add to the ``Plan`` is written by ``engine/commands/write.py``.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from engine.commands.carry_over import carry_over
from engine.commands.case_context import BY_TIMER, CaseContext, starter_of
from engine.commands.decide import decide
from engine.commands.usual_steps import Ladder, ladder_of, step_form
from engine.ledger.case_variables import plain
from engine.ledger.chain import canonical
from engine.ledger.record import CaseRow, TransitionDraft, append, chained_row
from engine.rules.policy import Pack
from engine.timers.apply import Before, apply
from engine.timers.reschedule import begin_set, extend, inherit, reopen, reproject, set_now
from engine.timers.set_back import latest_instant
from engine.timers.timer import RunningTimer, breaks_next, open_only, percents
from engine.timers.would_run import PastMove
from models.columns import from_micros
from statemachines.form_model import Form, Nothing, Reprojected, StepFired

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


def plan_move(
    context: CaseContext,
    plan: Plan,
    draft: TransitionDraft,
    handed_on: Sequence[Any] = (),
    closed: Sequence[Any] = (),
    settled: Collection[str] = (),
) -> None:
    """Plan a decided move and what it does to the timers.

    ``handed_on`` are the rows of the timers that the case inherits, ``closed`` those that open again. The clauses that
    are ``settled`` start no timer with the move: one of them goes on, or they were met before.
    Raises ``Refused`` where a timer cannot be started, ``TimersUnread`` where the case is not whole, and
    ``HistoryUnknown`` where the record is ahead of the clock and the case's history was not read.
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
    if draft.behind_the_record:
        starter = starter._replace(not_before=latest_instant(context.history))
    started = apply(starter, table, context.table.clause, open_only(context.timers), was, draft)
    context.timers += [timer for timer in started if timer.clause not in settled]
    if handed_on:
        context.timers += inherit(starter, table, handed_on)
    if closed:
        context.timers += reopen(starter, table, closed, open_only(context.timers))
    if draft.row is not None and draft.row.extends:
        extend(starter, table.kind, context.table.clause, open_only(context.timers), draft.form)
    if traits != (case.severity, case.channel, case.customer_type):
        reproject(starter, context.table.clause, open_only(context.timers), context.history)


def plan_until(context: CaseContext, plan: Plan, until: int, strict: bool = False) -> None:
    """Plan every escalation step that is due at or before ``until``, in order, each with its due instant.

    ``strict`` leaves alone a promise whose limit ends exactly then: whoever acts at that instant is within it (以内).
    """
    while (timer := _next_due(_due_timers(context, until, strict), until)) is not None:
        ladder = ladder_of(context, timer)
        if ladder is not None and timer.steps_fired < len(ladder):
            _fire_usual(context, plan, timer, ladder)
        else:
            _fire(context, plan, timer)


def _due_timers(context: CaseContext, until: int, strict: bool) -> Sequence[RunningTimer]:
    if not strict or all(timer.fires_at != until for timer in context.timers):
        return context.timers
    return [timer for timer in context.timers if timer.fires_at != until or not _breaks(context, timer)]


def _breaks(context: CaseContext, timer: RunningTimer) -> bool:
    """Return whether the timer's next step is the one that breaks its promise."""
    return breaks_next(context.table.clause[timer.clause], context.pack, timer.steps_fired)


def plan_reprojection(
    context: CaseContext, plan: Plan, reason: str, since: int, before: Pack, moves: Callable[[], Sequence[PastMove]]
) -> bool:
    """Plan to bring the open timers under the rules in force ``since`` an instant (F4).

    A limit that was not set ``before`` and is set now starts its timer, if the case is past the clause's start:
    ``moves`` reads the transitions of the case. Return whether any timer changed or started, which is recorded.
    """
    case, at, table = context.case, since, context.table
    open_timers, starter = open_only(context.timers), starter_of(context, at)
    changed = reproject(starter, table.clause, open_timers, context.history)
    wanted = set_now(starter, before, table, open_timers)
    started = begin_set(starter, before, table, open_timers, moves()) if wanted else []
    if not changed and not started:
        return False
    context.timers += started
    form = Reprojected(reason=reason, edition=context.pack.edition)
    draft = TransitionDraft("reproject", case.state, form, context.around.system.id, BY_TIMER, at, context.recorded_at)
    plan.steps_only = False
    plan.transitions.append(append(case, table, draft, plan.statements))
    return True


def fired_of(plan: Plan) -> list[Fired]:
    """Return the steps that a plan fires, in order."""
    return [_fired(plan.case, step) for step in plan.steps]


def _fired(case: CaseRow, step: FiredStep) -> Fired:
    form = step_form(step.timer, step.percent, step.level, step.due_at)
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
    form: Form = Nothing() if clause.then else step_form(timer, percent, level, due_at)
    row = decide(context, move, form, system).row
    dest = row.dest or context.case.state
    draft = TransitionDraft(move, dest, form, system.id, BY_TIMER, due_at, context.recorded_at, level=level, row=row)
    plan_move(context, plan, draft)
    plan.steps.append(FiredStep(timer, place, percent, level, due_at, plan.transitions[-1]))


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
    case.changed_at = max(context.recorded_at, case.changed_at)
    form = {
        "clause": timer.clause,
        "cycle": timer.cycle,
        "percent": step.percent,
        "level": step.level,
        "due_at": plain(from_micros(due_at)),
    }
    version, system = context.table.version, context.around.system
    row = chained_row(case, case.state, step.move, canonical(form), version, system.id, BY_TIMER, due_at, False)
    plan.transitions.append(row)
    if context.history is not None:
        context.history.append((case.state, due_at))
    plan.steps.append(FiredStep(timer, place, step.percent, step.level, due_at, row))
