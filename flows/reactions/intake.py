"""A new complaint is classified and its customer gets a receipt."""

from asyncio import gather

from classifier.propose import propose
from flows.notifications import CUSTOMER, send
from flows.reaction_context import ReactionContext
from flows.reaction_registry import on_open
from statemachines.complaint import COMPLAINT, RECEIVED


@on_open(COMPLAINT)
async def classify_contact(context: ReactionContext) -> None:
    """Classify where the system is sure; else suggest, and leave it to a person (A3)."""
    case = await context.case()
    if case.state != RECEIVED:
        return
    text, subject = await gather(context.words("text", "demand"), context.words("subject"))
    found = propose(context.work.store.home, text, subject)
    if found.confidence <= 0:
        return
    move = "classify" if found.sure else "suggest"
    await context.advance(
        move,
        category=found.category,
        severity=found.severity,
        department=found.department,
        confidence=found.confidence,
    )


@on_open(COMPLAINT)
async def acknowledge_contact(context: ReactionContext) -> None:
    """Tell the customer that his contact arrived; this keeps no promise to reply (A5, law 10)."""
    if context.historic:
        return
    if await send(context, CUSTOMER, "acknowledged") and not (await context.case()).closed:
        await context.advance("acknowledge")
