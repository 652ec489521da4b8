"""A customer's evaluation is acknowledged, and whoever it is about gets to see it (E4, E7)."""

from flows.reaction_context import ReactionContext
from flows.reaction_registry import on_move, on_open
from flows.reactions.intake import acknowledge_contact
from flows.staff_notices import tell_person
from statemachines.evaluation import EVALUATED, EVALUATION

on_open(EVALUATION)(acknowledge_contact)


@on_move(EVALUATION, "assess")
async def tell_evaluated(context: ReactionContext) -> None:
    """The person evaluated hears of it, and that he may appeal; history is not told again."""
    handle = context.form.get(EVALUATED)
    if handle is not None and not context.historic:
        await tell_person(context, handle, "evaluated")
