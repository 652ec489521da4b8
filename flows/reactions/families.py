"""Cases that came of one another hear of each other: the end of a child, and a case that was merged."""

from flows.moment import Moment
from flows.reacting import EVERY, on_close, on_move
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Refused

CLOSED = "child_closed"
"""The move by which a lifecycle says that it waits for the cases that came of it."""


@on_close(EVERY)
async def tell_parents(moment: Moment) -> None:
    """Every open case that waits for this one is told that it has ended."""
    for parent in await moment.parents():
        if parent.closed or CLOSED not in lifecycle_of(parent.kind).rows:
            continue
        try:
            await moment.advance_other(parent.number, CLOSED, case=moment.number)
        except Refused as refused:
            if refused.code != "not_now":  # it does not wait where it stands now
                raise


@on_move(EVERY, "merge")
async def hand_on_promises(moment: Moment) -> None:
    """The case that goes on takes over the promises of the one that was merged into it (A6)."""
    await moment.advance_other(moment.form["into"], "absorb", case=moment.number)
