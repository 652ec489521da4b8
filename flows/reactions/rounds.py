"""Rounds, waits and ends (B3, C2, A4): a manager is asked, a customer reminded, and told where his case went."""

from flows.case_notices import ask_level, wait_for_alert_hours
from flows.notifications import CUSTOMER, OWNER, send
from flows.reaction_context import ReactionContext
from flows.reaction_registry import EVERY, entering, on_escalation_step, on_move, on_reopening
from statemachines.complaint import COMPLAINT, ROUNDS_USED_UP
from statemachines.service_order import RECTIFICATIONS_USED_UP, SERVICE_ORDER

BROKEN = 100
"""From this share of a limit on, a step is no reminder."""


@on_reopening(EVERY)
async def tell_new_round(context: ReactionContext) -> None:
    """Ask the level that a new cycle has reached (B3). Raises ``Later`` outside the alert hours of the level."""
    if context.historic or (await context.case()).closed:
        return
    await wait_for_alert_hours(context, context.event.level)
    await ask_level(context, context.event.level, "escalated", "new_round", None)


@entering(COMPLAINT, ROUNDS_USED_UP)
@entering(SERVICE_ORDER, RECTIFICATIONS_USED_UP)
async def ask_for_decision(context: ReactionContext) -> None:
    """Ask the manager who decides on a case that is out of rounds."""
    case = await context.case()
    if not context.historic and case.state == context.event.dest:
        await ask_level(context, OWNER, "escalated", "out_of_rounds", None)


@on_escalation_step(EVERY, "customer_answer")
async def remind_customer(context: ReactionContext) -> None:
    """Mail the customer that we wait for his answer (A4), unless he has given it meanwhile."""
    if context.historic or context.form["percent"] >= BROKEN:
        return
    if (await context.case()).state == context.event.dest:
        await send(context, CUSTOMER, "answer_awaited")


@on_move(EVERY, "follow_up", "come_back", "request_cancellation")
async def tell_follow_up(context: ReactionContext) -> None:
    """Mail whoever has the work that the customer contacted us again."""
    if not (context.historic or (await context.case()).closed):
        await send(context, OWNER, "followed_up")


@on_move(EVERY, "merge")
async def tell_merged(context: ReactionContext) -> None:
    """Mail the customer of a merged case under which number his matter goes on (A6)."""
    if not context.historic:
        await send(context, CUSTOMER, "merged", into=context.form["into"])
