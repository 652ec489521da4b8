"""Escalation (B6): escalation steps and escalations by hand are mailed, severe cases are escalated at once."""

from datetime import datetime

from flows.case_notices import ask_level, pack_of, promises, wait_for_alert_hours
from flows.reaction_context import VIA, ReactionContext
from flows.reaction_registry import EVERY, on_escalation_step, on_move
from locales.translation import label
from statemachines.forms import Severity


@on_escalation_step(EVERY)
async def tell_escalation_step(context: ReactionContext) -> None:
    """Ask the level of the escalation step for the case, unless the promise was met since.

    A step that fired long after its time is in the digest of late records. Raises ``Later`` outside the alert hours of
    the level.
    """
    if context.historic or (await context.case()).closed:
        return
    promise = (await promises(context)).of_step(context.event.seq)
    if promise is None:
        return
    level = int(context.form["level"])
    await wait_for_alert_hours(context, level)
    await ask_level(
        context, level, "escalation_step", _reason(level, promise.due_at, await context.work.now()), promise
    )


def _reason(level: int, due_at: datetime, now: datetime) -> str:
    if now < due_at:
        return "due_soon"
    return "overdue" if level else "own_overdue"


@on_move(EVERY, "escalate")
async def tell_escalation(context: ReactionContext) -> None:
    """Ask the level to which somebody, or the rule for severe cases, escalated the case."""
    if (await context.case()).closed:
        return
    reason = "by_severity" if context.event.via == VIA else "by_hand"
    await ask_level(context, context.event.level, "escalated", reason, None)


@on_move(EVERY, "classify", "reclassify")
async def raise_severe(context: ReactionContext) -> None:
    """Escalate to the level that the pack gives to the severity, unless the case is there already."""
    case = await context.case()
    if case.closed or case.severity is None or "escalate" not in context.table.rows:
        return
    level = (await pack_of(context)).severity_levels.get(Severity(case.severity), 0)
    if level > case.level:
        reason = label(context.work.locale, case.kind, "severity", case.severity)
        await context.advance("escalate", level=level, reason=reason)
