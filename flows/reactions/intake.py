"""A new complaint is classified and its customer gets a receipt."""

from asyncio import gather

from flows.classifier.proposing import propose
from flows.letters import CUSTOMER, send
from flows.moment import Moment
from flows.reacting import on_open
from statemachines.complaint import COMPLAINT, RECEIVED


@on_open(COMPLAINT)
async def classify_contact(moment: Moment) -> None:
    """Classify where the system is sure; else suggest, and leave it to a person (A3)."""
    case = await moment.case()
    if case.state != RECEIVED:
        return
    text, subject = await gather(moment.words("text", "demand"), moment.words("subject"))
    found = propose(moment.work.store.home, text, subject)
    if found.confidence <= 0:
        return
    move = "classify" if found.sure else "suggest"
    await moment.advance(
        move,
        category=found.category,
        severity=found.severity,
        department=found.department,
        confidence=found.confidence,
    )


@on_open(COMPLAINT)
async def acknowledge_contact(moment: Moment) -> None:
    """Tell the customer that his contact arrived; this keeps no promise to reply (A5, law 10)."""
    if moment.historic:
        return
    if await send(moment, CUSTOMER, "acknowledged") and not (await moment.case()).closed:
        await moment.advance("acknowledge")
