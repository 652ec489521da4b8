"""Reactions to customer forums (D4): draw and invite customers, open actions, and tell what became of their word."""

import json
from datetime import datetime
from typing import Any

from flows.notifications import locale_of, write
from flows.reaction_context import ReactionContext
from flows.reaction_registry import entering, on_move
from flows.work import off_loop
from locales.translation import when
from reports.forums import ForumDraw, action_text, draw_invitees, said_by, segment_of, words_of
from reports.linked_cases import customer_address
from statemachines.forum import FORUM, INVITED
from statemachines.improvement_plan import IMPROVEMENT_PLAN, VERIFIED, WAIVED
from statemachines.refused import Refused

ACTION = "forum_action"
"""The relation of an improvement plan to the forum in which it was decided."""


@on_move(FORUM, "plan")
async def draw_forum(context: ReactionContext) -> None:
    """Draw whom to invite from the segment that the plan names; delivered again, the first draw stays."""
    drawn = await off_loop(_drawn, context, (await context.case()).pack)
    invitees = {"invitees": " ".join(drawn.invitees)} if drawn.invitees else {}
    recorded = {"population": drawn.population, "digest": drawn.digest, "seed": drawn.seed}
    await _once(context, context.number, "draw", **invitees, **recorded)


def _drawn(context: ReactionContext, pack: str) -> ForumDraw:
    event = context.event
    segment = segment_of(pack, context.form, event.recorded_at)
    with context.work.store.looking() as tx:
        return draw_invitees(tx, event.case_id, event.seq, segment, context.form["seats"])


@on_move(FORUM, "invite")
async def invite_customers(context: ReactionContext) -> None:
    """Mail the invitation to each customer who was drawn or chosen; record how many no mail has reached."""
    reached = await _write_to_invitees(context, "forum_invitation")
    await _once(context, context.number, "count_invited", invited=len(reached), not_reached=len(reached) - sum(reached))


@on_move(FORUM, "move_date")
async def tell_new_date(context: ReactionContext) -> None:
    """Mail the new place and date to whoever was invited."""
    if context.event.source == INVITED:
        await _write_to_invitees(context, "forum_moved")


@on_move(FORUM, "call_off")
async def tell_called_off(context: ReactionContext) -> None:
    """Mail whoever was invited that the forum does not take place."""
    if context.event.source == INVITED:
        await _write_to_invitees(context, "forum_called_off")


async def _write_to_invitees(context: ReactionContext, template: str) -> list[bool]:
    """Write to each invitee; return of each whether a mail reaches him."""
    variables = await _variables(context)
    due = when(datetime.fromisoformat(variables["due_at"]))
    texts = await off_loop(words_of, context.work.store, context.event.case_id, ("topic", "place"))
    invitees = f"{variables.get('invitees', '')} {variables.get('also_invited', '')}".split()
    return [await _write(context, each, template, due=due, **texts) for each in dict.fromkeys(invitees)]


async def _write(context: ReactionContext, number: str, template: str, **params: Any) -> bool:
    """Write to the customer of a case, under a key of this delivery and his case; return whether it reaches him."""
    customer = await off_loop(customer_address, context.work.store, number)
    if customer is None or not customer.email:
        return False
    key, locale = f"{context.key}:{template}:{number}", locale_of(customer, context.work)
    return await write(context.work, key, customer.email, locale, template, number=context.number, **params)


@on_move(FORUM, "decide_action")
async def open_action(context: ReactionContext) -> None:
    """Open an improvement plan for an action, and require it of the department and person that were named."""
    form = context.form
    plan = await context.open(IMPROVEMENT_PLAN.kind, ACTION, await context.statement("action"))
    required = {name: form[name] for name in ("department", "owner", "due_at")}
    await context.advance_other(plan.number, "require", **required)
    await context.advance("open_action", action_case=plan.number, said_by=form["said_by"])


@entering(IMPROVEMENT_PLAN, VERIFIED)
async def end_verified_action(context: ReactionContext) -> None:
    """Record in its forum that an action was carried out, with its effect verified."""
    await _end_action(context, carried_out=True)


@entering(IMPROVEMENT_PLAN, WAIVED)
async def end_waived_action(context: ReactionContext) -> None:
    """Record in its forum that an action is not carried out."""
    await _end_action(context, carried_out=False)


async def _end_action(context: ReactionContext, *, carried_out: bool) -> None:
    """Record the first end of an action; a plan that begins anew later ends the action no second time."""
    for forum in await context.parents():
        if forum.relation != ACTION:
            continue
        customer = await off_loop(said_by, context.work.store, forum.number, context.number)
        if customer is not None:
            form = {"action_case": context.number, "said_by": customer, "carried_out": carried_out}
            await _once(context, forum.number, "end_action", **form)


@on_move(FORUM, "end_action")
async def tell_customer_of_action(context: ReactionContext) -> None:
    """Mail the customer what became of his word; where no mail reaches him, somebody must speak with him."""
    form = context.form
    template = "forum_action_done" if form["carried_out"] else "forum_action_dropped"
    store = context.work.store
    texts = await off_loop(words_of, store, context.event.case_id, ("topic",))
    texts["action"] = await off_loop(action_text, store, form["action_case"])
    if not await _write(context, form["said_by"], template, **texts):
        await _once(context, context.number, "count_untold", action_case=form["action_case"])


async def _once(context: ReactionContext, number: str, move: str, **form: Any) -> None:
    """Record what a delivery found. When the event is delivered again, what was recorded first stays."""
    try:
        await context.advance_other(number, move, **form)
    except Refused as refused:
        if refused.code != "key_reused":
            raise


async def _variables(context: ReactionContext) -> dict[str, Any]:
    return context.table.resolver.variables(json.loads((await context.case()).variables))
