"""What follows of itself along a service order: mails to the customer and the crew, a finding, a complaint."""

from flows.letters import CUSTOMER, OWNER, SUPERVISOR, people, send, write
from flows.moment import Moment
from flows.reacting import entering, on_move, on_open
from flows.wording import say, when
from flows.work import off_loop
from models.columns import from_micros
from statemachines.forms import Outcome
from statemachines.roles import Role
from statemachines.service_order import EXCEPTION, RESOLVED, SERVICE_ORDER


@on_open(SERVICE_ORDER)
async def acknowledge_order(moment: Moment) -> None:
    """Tell the customer that his order arrived; this confirms nothing yet (law 10)."""
    if moment.historic:
        return
    if await send(moment, CUSTOMER, "order_acknowledged") and not (await moment.case()).closed:
        await moment.advance("acknowledge")


@on_move(SERVICE_ORDER, "analyse_needs")
async def give_to_the_lead(moment: Moment) -> None:
    """The department that leads has the order from now on (C1)."""
    case, lead = await moment.case(), moment.form["lead_department"]
    if not case.closed and case.department != lead:
        await moment.advance("assign", department=lead)


@on_move(SERVICE_ORDER, "confirm_arrangement")
async def tell_arrangement(moment: Moment) -> None:
    """The customer reads who comes with what, and on which way (C1)."""
    if moment.historic:
        return
    crew, equipment, route = [await moment.words(name) for name in ("people", "equipment", "route")]
    await send(moment, CUSTOMER, "order_confirmed", people=crew, equipment=equipment, route=route)


@on_move(SERVICE_ORDER, "push_progress")
async def tell_progress(moment: Moment) -> None:
    """The customer hears how far it is (C3)."""
    if not moment.historic:
        await send(moment, CUSTOMER, "order_progress", text=await moment.words("text"))


@on_move(SERVICE_ORDER, "feedback")
async def pass_feedback_on(moment: Moment) -> None:
    """Who does the work hears what the customer says of it (C7)."""
    if not (moment.historic or (await moment.case()).closed):
        await send(moment, OWNER, "order_feedback")


@on_move(SERVICE_ORDER, "request_tracking")
async def ask_transport(moment: Moment) -> None:
    """The department that was asked where the goods are is told so (C8)."""
    if moment.historic:
        return
    for actor in await off_loop(people, moment.work.store, Role.HANDLER, moment.form["department"]):
        if actor.email:
            key = f"{moment.key}:{actor.handle}"
            await write(moment.work, key, actor.email, actor.locale, "order_tracking", number=moment.number)


@entering(SERVICE_ORDER, EXCEPTION)
async def tell_superior(moment: Moment) -> None:
    """A serious problem or a special request waits for the superior (C4)."""
    if not moment.historic:
        await send(moment, SUPERVISOR, "order_exception")


@on_move(SERVICE_ORDER, "fail_acceptance")
async def open_finding(moment: Moment) -> None:
    """What was not accepted is watched until it cannot come back (C2)."""
    head = say(moment.work.locale, "service_order.text.not_accepted", number=moment.number)
    measure = await moment.words("measure")
    await moment.open("finding", "acceptance", f"{head}\n{measure}")


@entering(SERVICE_ORDER, RESOLVED)
async def send_letter(moment: Moment) -> None:
    """The completion letter goes to the customer, and the order keeps by which key it went (C6)."""
    if moment.historic:
        return
    day = when(from_micros(moment.leased.happened.occurred_at), "%Y-%m-%d")
    if await send(moment, CUSTOMER, "completion_letter", day=day) and not (await moment.case()).closed:
        await moment.advance("letter_sent", letter=moment.key)


@on_move(SERVICE_ORDER, "revisit")
async def open_complaint(moment: Moment) -> None:
    """Who is not satisfied has a complaint; the order itself is done (D2)."""
    if moment.form["outcome"] != Outcome.DISSATISFIED:
        return
    head = say(moment.work.locale, "service_order.text.dissatisfied", number=moment.number)
    said = await moment.words("words")
    await moment.open("complaint", "dissatisfied", f"{head}\n{said}")
