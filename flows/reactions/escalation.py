"""Who must know that a promise is running out, or broken, is told (B6)."""

from flows.letters import asked, write
from flows.moment import Moment
from flows.reacting import on_move, on_rung
from flows.wording import label
from statemachines.complaint import COMPLAINT


@on_rung(COMPLAINT)
async def tell_rung(moment: Moment) -> None:
    """Write to the level that the rung asks; what fired long after its time stands in the morning report."""
    case = await moment.case()
    if moment.historic or case.closed:
        return
    for actor in await asked(moment.work, moment.table, case, moment.leased.happened.level):
        if actor.email:
            await write(
                moment.work,
                f"{moment.key}:{actor.handle}",
                actor.email,
                actor.locale,
                "rung",
                number=moment.number,
                clause=label(actor.locale, case.kind, "clause", moment.form["clause"]),
                percent=moment.form["percent"],
                due=moment.form["due_at"],
                level=label(actor.locale, case.kind, "level", str(moment.leased.happened.level)),
            )


@on_move(COMPLAINT, "escalate")
async def tell_escalation(moment: Moment) -> None:
    """A person raised the case: the level it now asks hears of it."""
    case = await moment.case()
    for actor in await asked(moment.work, moment.table, case, moment.leased.happened.level):
        if actor.email:
            await write(
                moment.work,
                f"{moment.key}:{actor.handle}",
                actor.email,
                actor.locale,
                "escalated",
                number=moment.number,
                level=label(actor.locale, case.kind, "level", str(moment.leased.happened.level)),
            )
