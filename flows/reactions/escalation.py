"""Who must know that a promise is running out, or broken, is told (B6)."""

from datetime import datetime

from engine.outbox.deliveries import Later
from engine.rules.in_force import rules_of
from flows.notifications import Word, send
from flows.reaction_context import ReactionContext
from flows.reaction_registry import EVERY, on_escalation_step, on_move
from flows.work import off_loop
from locales.translation import when
from models import Case
from models.columns import to_micros


@on_escalation_step(EVERY)
async def tell_rung(context: ReactionContext) -> None:
    """Write to the level that the rung asks; what fired long after its time stands in the morning report.

    Raises ``Later`` where the pack lets that level's people rest.
    """
    case = await context.case()
    if context.historic or case.closed:
        return
    form = context.form
    level = int(form["level"])
    await _wait_for_duty(context, case, level)
    words = {"clause": Word("clause", form["clause"]), "level": Word("level", str(level))}
    await send(
        context,
        level,
        "escalation_step",
        percent=form["percent"],
        due=when(datetime.fromisoformat(form["due_at"])),
        **words,
    )


@on_move(EVERY, "escalate")
async def tell_escalation(context: ReactionContext) -> None:
    """A person raised the case: the level it now asks hears of it."""
    level = context.leased.happened.level
    await send(context, level, "escalated", level=Word("level", str(level)))


async def _wait_for_duty(context: ReactionContext, case: Case, level: int) -> None:
    """Raise ``Later`` outside the hours in which the pack has these people told."""
    now = await context.work.now()
    rules = await off_loop(rules_of, context.work.store)
    alerts = rules.pack(case.pack, to_micros(now)).alerts
    if alerts.calendar is None or level not in alerts.levels:
        return
    opens = rules.calendar(alerts.calendar).next_open(now)
    if opens > now:
        raise Later(opens)
