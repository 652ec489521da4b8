"""A case that was merged: the one that goes on keeps its promises, too (A6)."""

from flows.moment import Moment
from flows.reacting import EVERY, on_move


@on_move(EVERY, "merge")
async def hand_on_promises(moment: Moment) -> None:
    """The case that goes on takes over the promises of the one that was merged into it."""
    await moment.advance_other(moment.form["into"], "absorb", case=moment.number)
