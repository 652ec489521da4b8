"""A case that was merged: the one that goes on keeps its promises, too (A6)."""

from flows.reaction_context import ReactionContext
from flows.reaction_registry import EVERY, on_move


@on_move(EVERY, "merge")
async def hand_on_promises(context: ReactionContext) -> None:
    """The case that goes on takes over the promises of the one that was merged into it."""
    await context.advance_other(context.form["into"], "absorb", case=context.number)
