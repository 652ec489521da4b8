"""Who must know that a promise is running out, or broken, is told (B6)."""

from datetime import datetime

from flows.letters import Word, send
from flows.moment import Moment
from flows.reacting import on_move, on_rung
from flows.wording import when
from statemachines.complaint import COMPLAINT


@on_rung(COMPLAINT)
async def tell_rung(moment: Moment) -> None:
    """Write to the level that the rung asks; what fired long after its time stands in the morning report."""
    if moment.historic or (await moment.case()).closed:
        return
    form = moment.form
    level = int(form["level"])
    words = {"clause": Word("clause", form["clause"]), "level": Word("level", str(level))}
    await send(
        moment, level, "rung", percent=form["percent"], due=when(datetime.fromisoformat(form["due_at"])), **words
    )


@on_move(COMPLAINT, "escalate")
async def tell_escalation(moment: Moment) -> None:
    """A person raised the case: the level it now asks hears of it."""
    level = moment.leased.happened.level
    await send(moment, level, "escalated", level=Word("level", str(level)))
