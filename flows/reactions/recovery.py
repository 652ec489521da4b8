"""What a complaint claims back stands in a ledger of its own: one recovery for each claim (B4)."""

from flows.moment import Moment
from flows.reacting import on_move
from flows.reports.recovery_ledger import RECOVERS
from statemachines.complaint import COMPLAINT


@on_move(COMPLAINT, "recover")
async def open_recovery(moment: Moment) -> None:
    """Open a recovery against whoever answers for it, and claim the amount; the customer is no party to it."""
    debtor = await moment.words("claimed_from")
    nobody = {"customer": None, "phone": None, "email": None}
    recovery = await moment.open("recovery", RECOVERS, debtor, **nobody)
    await moment.advance_other(recovery.number, "claim", claimed=moment.form["recovery"])
