"""A customer's evaluation is acknowledged, and whoever it is about gets to see it (E4, E7)."""

from flows.colleagues import tell_person
from flows.moment import Moment
from flows.reacting import on_move, on_open
from flows.reactions.intake import acknowledge_contact
from statemachines.evaluation import EVALUATED, EVALUATION

on_open(EVALUATION)(acknowledge_contact)


@on_move(EVALUATION, "assess")
async def tell_evaluated(moment: Moment) -> None:
    """The person evaluated hears of it, and that he may appeal; history is not told again."""
    handle = moment.form.get(EVALUATED)
    if handle is not None and not moment.historic:
        await tell_person(moment, handle, "evaluated")
