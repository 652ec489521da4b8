"""What a complaint claims back stands in a ledger of its own: one recovery for each claim (B4)."""

from flows.reaction_context import ReactionContext
from flows.reaction_registry import on_move
from reports.linked_cases import RECOVERS
from statemachines.complaint import COMPLAINT


@on_move(COMPLAINT, "recover")
async def open_recovery(context: ReactionContext) -> None:
    """Open a recovery against whoever answers for it, and claim the amount; the customer is no party to it."""
    debtor = await context.words("claimed_from")
    nobody = {"customer": None, "phone": None, "email": None}
    recovery = await context.open("recovery", RECOVERS, debtor, **nobody)
    await context.advance_other(recovery.number, "claim", claimed=context.form["recovery"])
