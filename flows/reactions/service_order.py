"""Reactions to a service order: mails to customer and staff, a finding, a complaint."""

from engine.escalation.recipients import holders
from flows.notifications import CUSTOMER, OWNER, Word, people, send, staff_of, tell_person, where_staff_read, write
from flows.reaction_context import ReactionContext
from flows.reaction_registry import entering, on_move, on_open
from flows.work import off_loop
from locales.translation import translate, when
from models.columns import from_micros
from reports.order_terms import terms_after
from statemachines.forms import Outcome
from statemachines.roles import INVESTIGATORS, Role
from statemachines.service_order import RESOLVED, SERVICE_ORDER

SIGNING = (Role.DEPARTMENT_MANAGER, Role.TEAM_SUPERVISOR, Role.OPERATIONS, *INVESTIGATORS, Role.QUALITY_TEAM)
"""Who is asked to sign a plan for a department, in this order: those of the first role that somebody there holds."""


@on_open(SERVICE_ORDER)
async def acknowledge_order(context: ReactionContext) -> None:
    """Mail the customer that his order arrived; this confirms nothing yet (law 10)."""
    if context.historic:
        return
    if await send(context, CUSTOMER, "order_acknowledged") and not (await context.case()).closed:
        await context.advance("acknowledge")


@on_move(SERVICE_ORDER, "analyse_needs")
async def give_to_the_lead(context: ReactionContext) -> None:
    """Assign the order to the leading department (C1)."""
    case, lead = await context.case(), context.form["lead_department"]
    if not case.closed and case.department != lead:
        await context.propose("assign", department=lead)


@on_move(SERVICE_ORDER, "plan")
async def ask_cosigners(context: ReactionContext) -> None:
    """Mail those who sign the plan for each department that it names: its manager, else whoever is there (C1)."""
    if context.historic:
        return
    staff, now = await staff_of(context), await context.work.now()
    for department in context.form["cosigners"].split():
        own = [actor for actor in staff if actor.department == department]
        ranks = (holders(own, role, department, at=now) for role in SIGNING)
        for actor in next(filter(None, ranks), []):
            await tell_person(context, actor.handle, "plan_to_sign", department=Word("department", department))


@on_move(SERVICE_ORDER, "change")
async def apply_change(context: ReactionContext) -> None:
    """Change the order's cost and its end by what the agreed change adds (C5).

    They are reckoned from the record up to the change, so that an event that is delivered again gives the same.
    """
    event = context.event
    agreed = await off_loop(terms_after, context.work.store, event.case_id, event.seq)
    if agreed is not None and not (await context.case()).closed:
        await context.advance("apply_change", cost=agreed.cost, ends_at=agreed.ends_at)


@on_move(SERVICE_ORDER, "feedback")
async def pass_feedback_on(context: ReactionContext) -> None:
    """Mail the owner that the customer gave feedback (C7)."""
    if not (context.historic or (await context.case()).closed):
        await send(context, OWNER, "order_feedback")


@on_move(SERVICE_ORDER, "request_tracking")
async def ask_transport(context: ReactionContext) -> None:
    """Mail the department that must say where the goods are (C8)."""
    if context.historic:
        return
    for actor in await off_loop(people, context.work.store, Role.HANDLER, context.form["department"]):
        if actor.email:
            key, number = f"{context.key}:{actor.handle}", context.number
            page = where_staff_read(context.work, number, actor.locale)
            await write(context.work, key, actor.email, actor.locale, "order_tracking", number=number, page=page)


@on_move(SERVICE_ORDER, "fail_acceptance")
async def open_finding(context: ReactionContext) -> None:
    """Open a finding for what was not accepted (C2); while it is open, what is not accepted again belongs to it."""
    if any(each.relation == "acceptance" and not each.closed for each in await context.children()):
        return
    heading = translate(context.work.locale, "service_order.text.not_accepted", number=context.number)
    measure = await context.statement("measure")
    await context.open("finding", "acceptance", f"{heading}\n{measure}")


@entering(SERVICE_ORDER, RESOLVED)
async def send_letter(context: ReactionContext) -> None:
    """Mail the completion letter to the customer and record its key in the order (C6)."""
    if context.historic:
        return
    day = when(from_micros(context.event.occurred_at), "%Y-%m-%d")
    if await send(context, CUSTOMER, "completion_letter", day=day) and not (await context.case()).closed:
        await context.advance("letter_sent", letter=context.key)


@on_move(SERVICE_ORDER, "revisit")
async def open_complaint(context: ReactionContext) -> None:
    """Open a complaint for a customer who is not satisfied; the order itself is done (D2)."""
    if context.form["outcome"] != Outcome.DISSATISFIED:
        return
    heading = translate(context.work.locale, "service_order.text.dissatisfied", number=context.number)
    opinion = await context.statement("words")
    await context.open("complaint", "dissatisfied", f"{heading}\n{opinion}")
