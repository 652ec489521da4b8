"""Reactions to an invitation to a survey: letters, a call, and a complaint where the customer is not satisfied (E1)."""

from engine.accounts.customer_keys import link_of
from engine.backoff import TRIES
from engine.callbacks.attempts import plan
from flows.notifications import CUSTOMER, locale_of, send
from flows.reaction_context import ReactionContext
from flows.reaction_registry import entering, on_move
from flows.work import off_loop
from locales.translation import translate
from models.columns import from_micros
from statemachines.forms import Outcome
from statemachines.survey_invitation import INVITED, REMINDED, REMINDED_AGAIN, SURVEY_INVITATION, TO_CALL


@entering(SURVEY_INVITATION, INVITED)
async def send_invitation(context: ReactionContext) -> None:
    """Mail the invitation. Where it cannot be sent, the customer was not reached: his silence says nothing."""
    try:
        reached = await _letter(context, "survey_invitation")
    except Exception:
        if context.leased.tries >= TRIES:
            await context.advance("letter_failed")
        raise
    if not reached:
        await context.advance("letter_failed")


@entering(SURVEY_INVITATION, REMINDED)
@entering(SURVEY_INVITATION, REMINDED_AGAIN)
async def send_reminder(context: ReactionContext) -> None:
    """Mail a reminder, unless the customer has answered or declined meanwhile."""
    if (await context.case()).state == context.event.dest:
        await _letter(context, "survey_reminder")


async def _letter(context: ReactionContext, template: str) -> int:
    """Mail the customer how he can answer: by the link to his invitation, or without a portal by telephone."""
    customer, work = await context.party(), context.work
    if customer is None or not customer.email:
        return 0
    way = translate(locale_of(customer, work), "survey_invitation.text.by_telephone")
    if work.portal_url is not None:
        written_at = from_micros(context.event.occurred_at)
        way = f"{work.portal_url}/link/{link_of(work.store.secret, context.number, customer.email, written_at)}"
    return await send(context, CUSTOMER, template, way=way)


@entering(SURVEY_INVITATION, TO_CALL)
async def plan_survey_call(context: ReactionContext) -> None:
    """Plan the first call into working hours: it stands in the callers' list of its day."""
    await off_loop(plan, context.work.store, await context.work.now(), context.event.case_id)


@on_move(SURVEY_INVITATION, "revisit")
async def open_complaint_of_survey(context: ReactionContext) -> None:
    """Open a complaint for a customer who is not satisfied (D2)."""
    if context.form["outcome"] != Outcome.DISSATISFIED:
        return
    heading = translate(context.work.locale, "survey_invitation.text.dissatisfied", number=context.number)
    opinion = await context.statement("words")
    await context.open("complaint", "dissatisfied", f"{heading}\n{opinion}".strip())
