"""What follows of itself along a service order: mails to the customer and the crew, a finding, a complaint."""

from flows.notifications import CUSTOMER, OWNER, SUPERVISOR, people, send, write
from flows.reaction_context import ReactionContext
from flows.reaction_registry import entering, on_move, on_open
from flows.work import off_loop
from locales.translation import translate, when
from models.columns import from_micros
from statemachines.forms import Outcome
from statemachines.roles import Role
from statemachines.service_order import EXCEPTION, RESOLVED, SERVICE_ORDER


@on_open(SERVICE_ORDER)
async def acknowledge_order(context: ReactionContext) -> None:
    """Tell the customer that his order arrived; this confirms nothing yet (law 10)."""
    if context.historic:
        return
    if await send(context, CUSTOMER, "order_acknowledged") and not (await context.case()).closed:
        await context.advance("acknowledge")


@on_move(SERVICE_ORDER, "analyse_needs")
async def give_to_the_lead(context: ReactionContext) -> None:
    """The department that leads has the order from now on (C1)."""
    case, lead = await context.case(), context.form["lead_department"]
    if not case.closed and case.department != lead:
        await context.advance("assign", department=lead)


@on_move(SERVICE_ORDER, "confirm_arrangement")
async def tell_arrangement(context: ReactionContext) -> None:
    """The customer reads who comes with what, and on which way (C1)."""
    if context.historic:
        return
    crew, equipment, route = [await context.words(name) for name in ("people", "equipment", "route")]
    await send(context, CUSTOMER, "order_confirmed", people=crew, equipment=equipment, route=route)


@on_move(SERVICE_ORDER, "push_progress")
async def tell_progress(context: ReactionContext) -> None:
    """The customer hears how far it is (C3)."""
    if not context.historic:
        await send(context, CUSTOMER, "order_progress", text=await context.words("text"))


@on_move(SERVICE_ORDER, "feedback")
async def pass_feedback_on(context: ReactionContext) -> None:
    """Who does the work hears what the customer says of it (C7)."""
    if not (context.historic or (await context.case()).closed):
        await send(context, OWNER, "order_feedback")


@on_move(SERVICE_ORDER, "request_tracking")
async def ask_transport(context: ReactionContext) -> None:
    """The department that was asked where the goods are is told so (C8)."""
    if context.historic:
        return
    for actor in await off_loop(people, context.work.store, Role.HANDLER, context.form["department"]):
        if actor.email:
            key = f"{context.key}:{actor.handle}"
            await write(context.work, key, actor.email, actor.locale, "order_tracking", number=context.number)


@entering(SERVICE_ORDER, EXCEPTION)
async def tell_superior(context: ReactionContext) -> None:
    """A serious problem or a special request waits for the superior (C4)."""
    if not context.historic:
        await send(context, SUPERVISOR, "order_exception")


@on_move(SERVICE_ORDER, "fail_acceptance")
async def open_finding(context: ReactionContext) -> None:
    """What was not accepted is watched until it cannot come back (C2)."""
    head = translate(context.work.locale, "service_order.text.not_accepted", number=context.number)
    measure = await context.words("measure")
    await context.open("finding", "acceptance", f"{head}\n{measure}")


@entering(SERVICE_ORDER, RESOLVED)
async def send_letter(context: ReactionContext) -> None:
    """The completion letter goes to the customer, and the order keeps by which key it went (C6)."""
    if context.historic:
        return
    day = when(from_micros(context.leased.happened.occurred_at), "%Y-%m-%d")
    if await send(context, CUSTOMER, "completion_letter", day=day) and not (await context.case()).closed:
        await context.advance("letter_sent", letter=context.key)


@on_move(SERVICE_ORDER, "revisit")
async def open_complaint(context: ReactionContext) -> None:
    """Who is not satisfied has a complaint; the order itself is done (D2)."""
    if context.form["outcome"] != Outcome.DISSATISFIED:
        return
    head = translate(context.work.locale, "service_order.text.dissatisfied", number=context.number)
    said = await context.words("words")
    await context.open("complaint", "dissatisfied", f"{head}\n{said}")
