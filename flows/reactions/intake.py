"""Reactions to a new complaint: classify it and acknowledge it to the customer."""

from asyncio import gather

from classifier.propose import propose
from flows.notifications import CUSTOMER, send
from flows.reaction_context import ReactionContext
from flows.reaction_registry import on_open
from statemachines.complaint import COMPLAINT, RECEIVED


@on_open(COMPLAINT)
async def classify_contact(context: ReactionContext) -> None:
    """Classify if the classifier is sure; else suggest a category and leave the decision to a person (A3)."""
    case = await context.case()
    if case.state != RECEIVED:
        return
    text, subject = await gather(context.statement("text", "demand"), context.statement("subject"))
    proposal = propose(context.work.store.home, text, subject)
    if proposal.confidence <= 0:
        return
    move = "classify" if proposal.sure else "suggest"
    await context.propose(
        move,
        category=proposal.category,
        severity=proposal.severity,
        department=proposal.department,
        confidence=proposal.confidence,
    )


@on_open(COMPLAINT)
async def acknowledge_contact(context: ReactionContext) -> None:
    """Mail the customer that his contact arrived; this meets no promise to reply (A5, law 10)."""
    if context.historic:
        return
    if await send(context, CUSTOMER, "acknowledged") and not (await context.case()).closed:
        await context.advance("acknowledge")
