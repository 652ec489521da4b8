"""Reactions around callbacks (D1): plan and close attempts, rate the answers, open a lead for a need."""

from engine.callbacks.attempts import call_off, finish, plan
from engine.callbacks.ratings import keep_rating
from engine.rules.in_force import rules_of
from flows.notifications import CUSTOMER, send
from flows.reaction_context import ReactionContext
from flows.reaction_registry import EVERY, entering, leaving, on_move
from flows.work import off_loop
from models.columns import from_micros, to_micros
from statemachines.complaint import COMPLAINT, RESOLVED
from statemachines.service_order import RESOLVED as ORDER_RESOLVED
from statemachines.service_order import SERVICE_ORDER
from statemachines.survey_invitation import SURVEY_INVITATION, TO_CALL

LEAD, NEED = "lead", "need"
"""The nature of the contact that a need becomes (A2), and its relation to the case."""


@entering(COMPLAINT, RESOLVED)
@entering(SERVICE_ORDER, ORDER_RESOLVED)
async def plan_callback(context: ReactionContext) -> None:
    """Plan the first attempt into working hours."""
    await off_loop(plan, context.work.store, await context.work.now(), context.event.case_id)


@on_move(COMPLAINT, "attempt")
@on_move(SERVICE_ORDER, "attempt")
@on_move(SURVEY_INVITATION, "attempt")
async def try_again(context: ReactionContext) -> None:
    """Plan the next attempt; after the last one, mail the customer and move the case on."""
    work, event = context.work, context.event
    now, made = await work.now(), context.form["attempts"]
    await off_loop(finish, work.store, event.case_id, event.cycle, made, context.form["reason"], now)
    await off_loop(plan, work.store, now, event.case_id)
    case = await context.case()
    moved_on = case.state != event.dest or (case.cycle, case.attempts) != (event.cycle, made)
    pack = (await off_loop(rules_of, work.store)).pack(case.pack, to_micros(now))
    if moved_on or made < pack.callbacks.attempts:
        return
    if context.table is not SURVEY_INVITATION:  # a survey leaves him in peace
        await send(context, CUSTOMER, "missed_you" if context.table is COMPLAINT else "missed_you_order")
    await context.advance("unreachable")


@leaving(COMPLAINT, RESOLVED)
@leaving(SERVICE_ORDER, ORDER_RESOLVED)
@leaving(SURVEY_INVITATION, TO_CALL)
async def close_callback(context: ReactionContext) -> None:
    """Cancel the callback that the case no longer waits for."""
    event = context.event
    await off_loop(call_off, context.work.store, event.case_id, event.move, await context.work.now())


@on_move(EVERY, "revisit")
async def record_rating(context: ReactionContext) -> None:
    """Record the score of the answers, by the customer's questionnaire that was in force when he gave them."""
    event = context.event
    rules = await off_loop(rules_of, context.work.store)
    case = await context.case()
    questionnaire = rules.asked_after(event.kind, case.customer_type, event.occurred_at)
    if questionnaire is None:
        return
    at = from_micros(event.occurred_at)
    await off_loop(keep_rating, context.work.store, event.case_id, event.seq, questionnaire, context.form, at)


@on_move(EVERY, "revisit")
async def open_lead(context: ReactionContext) -> None:
    """Open a lead for a need that the customer stated (D2), in his words, unless they have been erased meanwhile."""
    if NEED not in context.form:
        return
    if need := await context.statement(NEED):
        await context.open(LEAD, NEED, need)
