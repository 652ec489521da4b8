"""A new complaint is classified by rule and its customer gets a receipt."""

from flows.classifying import classify, threshold
from flows.letters import CUSTOMER, send
from flows.moment import Moment
from flows.reacting import on_open
from statemachines.complaint import COMPLAINT, RECEIVED


@on_open(COMPLAINT)
async def classify_contact(moment: Moment) -> None:
    """Classify where the rules are sure; else suggest, and leave it to a person (A3)."""
    case = await moment.case()
    if case.state != RECEIVED:
        return
    found = classify(await moment.words("subject", "text", "demand"))
    if found.confidence <= 0:
        return
    move = "classify" if found.confidence >= threshold() else "suggest"
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
