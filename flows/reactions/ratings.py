"""What a customer said at the callback is rated, and what else he would have from us becomes a lead (D2, E1)."""

from engine.callbacks.ratings import keep_rating
from engine.rules.questionnaires import asked_after
from flows.reaction_context import ReactionContext
from flows.reaction_registry import EVERY, on_move
from flows.work import off_loop
from models.columns import from_micros

LEAD, NEED = "lead", "need"
"""The nature of the contact that a need becomes (A2), and as what it came of the case."""


@on_move(EVERY, "revisit")
async def record_rating(context: ReactionContext) -> None:
    """Keep what the answers come to, under the questionnaire in force for this kind of case."""
    happened = context.leased.happened
    asked = await off_loop(asked_after, happened.kind)
    if asked is None:
        return
    at = from_micros(happened.occurred_at)
    await off_loop(keep_rating, context.work.store, happened.case_id, happened.seq, asked, context.form, at)


@on_move(EVERY, "revisit")
async def open_lead(context: ReactionContext) -> None:
    """A need that the customer named is a case of its own, in his words, unless they have been erased meanwhile."""
    if NEED not in context.form:
        return
    if words := await context.words(NEED):
        await context.open(LEAD, NEED, words)
