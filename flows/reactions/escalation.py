"""Who must know that a promise is running out, or broken, is told (B6)."""

from datetime import datetime

from engine.outbox.deliveries import Later
from engine.rules.in_force import rules_of
from flows.letters import Word, send
from flows.moment import Moment
from flows.reacting import EVERY, on_move, on_rung
from flows.wording import when
from flows.work import off_loop
from models import Case
from models.columns import to_micros


@on_rung(EVERY)
async def tell_rung(moment: Moment) -> None:
    """Write to the level that the rung asks; what fired long after its time stands in the morning report.

    Raises ``Later`` where the pack lets that level's people rest.
    """
    case = await moment.case()
    if moment.historic or case.closed:
        return
    form = moment.form
    level = int(form["level"])
    await _wait_for_duty(moment, case, level)
    words = {"clause": Word("clause", form["clause"]), "level": Word("level", str(level))}
    await send(
        moment, level, "rung", percent=form["percent"], due=when(datetime.fromisoformat(form["due_at"])), **words
    )


@on_move(EVERY, "escalate")
async def tell_escalation(moment: Moment) -> None:
    """A person raised the case: the level it now asks hears of it."""
    level = moment.leased.happened.level
    await send(moment, level, "escalated", level=Word("level", str(level)))


async def _wait_for_duty(moment: Moment, case: Case, level: int) -> None:
    """Raise ``Later`` outside the hours in which the pack has these people told."""
    now = await moment.work.now()
    rules = await off_loop(rules_of, moment.work.store)
    alerts = rules.pack(case.pack, to_micros(now)).alerts
    if alerts.calendar is None or level not in alerts.levels:
        return
    opens = rules.calendar(alerts.calendar).next_open(now)
    if opens > now:
        raise Later(opens)
