"""Reactions to inquiries: acknowledge, route, offer to sales, pass praise on, call back, convert to a complaint."""

import json
from asyncio import gather

from sqlalchemy import func
from sqlmodel import col, select

from classifier.propose import propose
from engine.commands.promise_effects import CONVERTED as CONVERTED_RELATION
from engine.rules.in_force import rules_of
from engine.store import Store
from flows.notifications import CUSTOMER, people, send, tell_person
from flows.reaction_context import ReactionContext
from flows.reaction_registry import entering, leaving, on_move, on_open
from flows.reactions.callbacks import close_callback, plan_callback, try_again
from flows.reactions.routing import route_case
from flows.work import off_loop
from models import Actor, Case
from models.columns import to_micros
from models.contact import TEXT_LIMIT
from statemachines.inquiry import ANSWERED, CLASSIFIED, CONVERTED, INQUIRY, RECEIVED
from statemachines.inquiry_forms import Nature
from statemachines.roles import Role

on_move(INQUIRY, "attempt")(try_again)
leaving(INQUIRY, ANSWERED)(close_callback)
entering(INQUIRY, CLASSIFIED)(route_case)


def _nature(case: Case) -> Nature:
    return Nature(json.loads(case.variables).get("nature", Nature.CONSULTATION))


@on_open(INQUIRY)
async def acknowledge_inquiry(context: ReactionContext) -> None:
    """Mail the customer that his contact arrived; a lead opened by another case is no contact of his (A5)."""
    if context.historic or context.form.get("parent") is not None:
        return
    if await send(context, CUSTOMER, "acknowledged") and not (await context.case()).closed:
        await context.advance("acknowledge")


@on_open(INQUIRY)
async def route_consultation(context: ReactionContext) -> None:
    """Route a consultation to its department if the classifier is sure; else a person does (A3)."""
    case = await context.case()
    if case.state != RECEIVED or _nature(case) is not Nature.CONSULTATION:
        return
    text, subject = await gather(context.statement("text", "demand"), context.statement("subject"))
    proposal = propose(context.work.store.home, text, subject)
    if proposal.sure:
        await context.propose(
            "classify", department=proposal.department, category=proposal.category, confidence=proposal.confidence
        )


@on_open(INQUIRY)
@on_move(INQUIRY, "classify")
async def offer_lead(context: ReactionContext) -> None:
    """Offer a lead to the salesperson with the fewest open cases (D2); without any it waits at the desk."""
    case = await context.case()
    if case.state not in (RECEIVED, CLASSIFIED) or _nature(case) is not Nature.LEAD:
        return
    seller = await off_loop(least_busy_seller, context.work.store)
    if seller is not None:
        await context.propose("offer", owner=seller.handle, department=seller.department)


@on_move(INQUIRY, "commend")
async def pass_praise_on(context: ReactionContext) -> None:
    """Mail the member of staff who was praised, and the managers of the department that was."""
    if (handle := context.form.get("commended")) is not None:
        await tell_person(context, handle, "praised")
    if (department := context.form.get("commended_department")) is not None:
        for actor in await off_loop(people, context.work.store, Role.DEPARTMENT_MANAGER, department):
            await tell_person(context, actor.handle, "department_praised")


@entering(INQUIRY, ANSWERED)
async def call_back_or_rest(context: ReactionContext) -> None:
    """Plan a callback where the pack wants answered inquiries called back; else skip it (D1)."""
    case, now = await context.case(), await context.work.now()
    if case.state != ANSWERED:
        return
    pack = (await off_loop(rules_of, context.work.store)).pack(case.pack, to_micros(now))
    if pack.callbacks.inquiries:
        await plan_callback(context)
    else:
        await context.advance("skip_revisit")


@entering(INQUIRY, CONVERTED)
async def go_on_as_complaint(context: ReactionContext) -> None:
    """Open a complaint with the customer's own words (D2); it takes over what was promised to him."""
    case, opening = await context.case(), await context.opening_statements()
    parts = [await context.statement("words"), opening.pop("text", "")]
    text = "\n\n".join(filter(None, parts))[:TEXT_LIMIT] or context.number
    await context.open(
        "complaint", CONVERTED_RELATION, text, channel=case.channel, customer_type=case.customer_type, **opening
    )


def least_busy_seller(store: Store) -> Actor | None:
    """Return the salesperson with the fewest open cases who is there; of several, the first by handle."""
    now = store.now()
    with store.reading() as session:
        actors = session.exec(select(Actor).order_by(Actor.handle)).all()
        open_cases = select(Case.owner, func.count()).where(col(Case.closed).is_(False)).group_by(col(Case.owner))
        load = dict(session.exec(open_cases).all())
    sellers = [actor for actor in actors if Role.SALESPERSON in actor.roles.split() and actor.available(now)]
    return min(sellers, key=lambda seller: load.get(seller.handle, 0), default=None)
