"""A resolved complaint or order is called back: planned, tried again, closed when the case moves on (D1)."""

from engine.callbacks.attempts import call_off, finish, plan
from engine.rules.in_force import rules_of
from flows.notifications import CUSTOMER, send
from flows.reaction_context import ReactionContext
from flows.reaction_registry import entering, leaving, on_move
from flows.work import off_loop
from models.columns import to_micros
from statemachines.complaint import COMPLAINT, RESOLVED
from statemachines.service_order import RESOLVED as ORDER_RESOLVED
from statemachines.service_order import SERVICE_ORDER


@entering(COMPLAINT, RESOLVED)
@entering(SERVICE_ORDER, ORDER_RESOLVED)
async def plan_callback(context: ReactionContext) -> None:
    """Plan the first attempt into working hours."""
    happened = context.leased.happened
    await off_loop(plan, context.work.store, await context.work.now(), happened.case_id)


@on_move(COMPLAINT, "attempt")
@on_move(SERVICE_ORDER, "attempt")
async def try_again(context: ReactionContext) -> None:
    """Plan the next attempt; after the last one the customer gets a message and the case goes on."""
    work, happened = context.work, context.leased.happened
    now, made = await work.now(), context.form["attempts"]
    await off_loop(finish, work.store, happened.case_id, happened.cycle, made, context.form["reason"], now)
    await off_loop(plan, work.store, now, happened.case_id)
    case = await context.case()
    over = case.state != happened.dest or (case.cycle, case.attempts) != (happened.cycle, made)
    pack = (await off_loop(rules_of, work.store)).pack(case.pack, to_micros(now))
    if over or made < pack.callbacks.attempts:
        return
    await send(context, CUSTOMER, "missed_you" if context.table is COMPLAINT else "missed_you_order")
    await context.advance("unreachable")


@leaving(COMPLAINT, RESOLVED)
@leaving(SERVICE_ORDER, ORDER_RESOLVED)
async def close_callback(context: ReactionContext) -> None:
    """The case no longer waits for a call."""
    happened = context.leased.happened
    await off_loop(call_off, context.work.store, happened.case_id, happened.move, await context.work.now())
