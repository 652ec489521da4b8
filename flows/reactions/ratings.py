"""What a customer said at the callback is rated, and what else he would have from us becomes a lead (D2, E1)."""

from engine.moves.ratings import keep_rating
from engine.rules.questionnaires import asked_after
from flows.moment import Moment
from flows.reacting import EVERY, on_move
from flows.work import off_loop
from models.columns import from_micros

LEAD, NEED = "lead", "need"
"""The nature of the contact that a need becomes (A2), and as what it came of the case."""


@on_move(EVERY, "revisit")
async def record_rating(moment: Moment) -> None:
    """Keep what the answers come to, under the questionnaire in force for this kind of case."""
    happened = moment.leased.happened
    asked = await off_loop(asked_after, happened.kind)
    if asked is None:
        return
    at = from_micros(happened.occurred_at)
    await off_loop(keep_rating, moment.work.store, happened.case_id, happened.seq, asked, moment.form, at)


@on_move(EVERY, "revisit")
async def open_lead(moment: Moment) -> None:
    """A need that the customer named is a case of its own, in his words, unless they have been erased meanwhile."""
    if NEED not in moment.form:
        return
    if words := await moment.words(NEED):
        await moment.open(LEAD, NEED, words)
