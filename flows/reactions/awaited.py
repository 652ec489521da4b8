"""Notify whoever a case awaits: the role or person of the state into which it comes, or to whom it is given (B6, B12).

The state's own row says who that is (``State.owner``, ``State.person``); no lifecycle needs a reaction for it.

Note [Last]: the reactions to one transition run in the order of their names, so this one runs after those that assign
or classify the case by themselves. It says nothing of a transition after which the case was given to somebody else:
the later transition tells him.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from engine.commands.decide import done_by
from engine.commands.open_case import OPEN
from engine.escalation.recipients import OUTSIDE, asked_for
from engine.outbox.case_event import CaseEvent
from engine.store import Store
from flows.case_notices import person_of, tell_awaited, wait_for_alert_hours
from flows.notifications import staff_of
from flows.reaction_context import ReactionContext
from flows.reaction_registry import EVERY, on_event, on_move
from flows.work import Work, off_loop
from models import Case
from statemachines.form_model import ON_CASE, marked
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Facts, Lifecycle
from statemachines.move_conditions import own_work, recused
from statemachines.service_order import SERVICE_ORDER
from statemachines.vocabulary import State

HISTORY = """
SELECT t.case_id, t.seq, t.move, t.source, t.dest, t.form, a.handle
  FROM transition t JOIN actor a ON a.id = t.actor_id WHERE t.case_id = ANY(:ids) ORDER BY t.case_id, t.seq
"""
GIVING = frozenset({"owner", "department"})
"""The columns that give a case to somebody else in the same state."""


def comes_to_somebody(event: CaseEvent) -> bool:
    """Return whether a case awaits somebody since this transition, who may not know it."""
    return _comes(lifecycle_of(event.kind), event)


def _comes(table: Lifecycle, step: Any) -> bool:
    """Return the same for a transition of a lifecycle: it leads into a state, or names who has the case there."""
    state = table.state.get(table.resolver.state(step.dest))
    if state is None or state.final or state.owner is None or state.owner in OUTSIDE:
        return False
    if step.move == OPEN or step.dest != step.source:
        return True
    rows = table.rows.get(table.resolver.move(step.move), ())
    if not rows:
        return False
    form = rows[0].form
    naming = GIVING & set(marked(form, ON_CASE)) | {state.person} & set(form.model_fields)
    return bool(naming and naming & json.loads(step.form).keys())


def gives(table: Lifecycle, history: Sequence[Any], seq: int) -> bool:
    """Return whether the transition ``seq`` of a history leads the case to somebody, or gives it to somebody else.

    Naming the department, owner or person whom the case has already gives it to nobody.
    """
    has: dict[str, Any] = {}
    for step in history:
        form: dict[str, Any] = json.loads(step.form)
        given = dict(has)
        if form.get("department", given.get("department")) != given.get("department"):
            given.pop("owner", None)  # a new department ends the work of the owner
        given |= {name: value for name, value in form.items() if name in _giving(table, step)}
        if step.seq == seq:
            return _comes(table, step) and (step.move == OPEN or step.dest != step.source or given != has)
        has = given
    return False


def _giving(table: Lifecycle, step: Any) -> set[str]:
    """Return the fields that may say who has the case after a transition."""
    state = table.state.get(table.resolver.state(step.dest))
    return {*GIVING, *([state.person] if state is not None and state.person else [])}


@on_event(EVERY, comes_to_somebody)
async def tell_whom_the_case_awaits(context: ReactionContext) -> None:
    """Send a notice to whoever must act now, unless he made the move himself. See Note [Last].

    Those who are barred from what is awaited, because it is to judge their own work, are not asked.
    """
    case = await context.case()
    if context.historic or case.closed or context.table.resolver.state(case.state) != context.event.dest:
        return
    history = await context.batch.grouped(_histories, context.event.case_id)
    gave = [row.seq for row in history if row.seq >= context.event.seq and gives(context.table, history, row.seq)]
    if gave != [context.event.seq]:
        return
    await notify_awaited(context, case, history)


@on_move(SERVICE_ORDER, "cosign")
async def tell_that_all_have_signed(context: ReactionContext) -> None:
    """Tell whoever approves a plan that every department has signed it (C1)."""
    case = await context.case()
    signed = set(json.loads(case.variables).get("cosigned_by", "").split())
    wanted = set(json.loads(case.variables).get("cosigners", "").split())
    if context.historic or not wanted <= signed or context.table.resolver.state(case.state) != context.event.dest:
        return
    await notify_awaited(context, case, await context.batch.grouped(_histories, context.event.case_id))


async def notify_awaited(context: ReactionContext, case: Case, history: Sequence[Any]) -> None:
    """Send the notices to those whom the state of the case awaits; ``history`` are the transitions of the case."""
    await wait_for_alert_hours(context, 0)
    state, by = context.table.state[context.event.dest], _maker(history, context.event.seq)
    barred = barred_from(context.table, state, case, history)
    now = await context.work.now()
    asked = asked_for(case, 0, await staff_of(context), now, person=person_of(case), barred=barred)
    if by not in {actor.handle for actor in asked.actors}:
        await tell_awaited(context, asked)


def barred_from(table: Lifecycle, state: State, case: Case, history: Sequence[Any]) -> frozenset[str]:
    """Return who of those who had a part in the case may not make a move by which its owner leads it out of a state."""
    rows = [
        row
        for row in table.moves
        if state.name in row.sources and row.dest not in {None, state.name} and state.owner in row.roles
    ]
    variables = json.loads(case.variables)
    done = [(table.resolver.move(row.move), row.handle) for row in history]
    people = {handle for _, handle in done} | {value for value in variables.values() if isinstance(value, str)}
    barred: set[str] = set()
    for handle in people:
        made = done_by(done, {name for row in rows for name in row.separate_from})
        facts = Facts(state.name, variables=variables, actor=handle, done_by=made)
        if any(own_work(row, facts) or recused(row, facts) for row in rows):
            barred.add(handle)
    return frozenset(barred)


def _maker(history: Sequence[Any], seq: int) -> str:
    return next((row.handle for row in history if row.seq == seq), "")


async def _histories(work: Work, case_ids: Sequence[int]) -> Sequence[list[Any]]:
    return await off_loop(_read_histories, work.store, case_ids)


def _read_histories(store: Store, case_ids: Sequence[int]) -> list[list[Any]]:
    by_case: dict[int, list[Any]] = defaultdict(list)
    with store.looking() as tx:
        for row in tx.rows_among(HISTORY, ids=sorted(set(case_ids))):
            by_case[row.case_id].append(row)
    return [by_case[case_id] for case_id in case_ids]
