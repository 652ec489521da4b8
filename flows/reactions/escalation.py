"""Escalation (B6): steps of the ladder and escalations by hand are mailed, severe cases are escalated at once."""

from datetime import datetime

from engine.outbox.deliveries import Later
from engine.rules.in_force import rules_of
from flows.notifications import Word, send
from flows.reaction_context import ReactionContext
from flows.reaction_registry import EVERY, on_escalation_step, on_move
from flows.work import off_loop
from locales.translation import label, when
from models import Case
from models.columns import to_micros
from statemachines.forms import Severity


@on_escalation_step(EVERY)
async def tell_escalation_step(context: ReactionContext) -> None:
    """Mail the level that the escalation step asks; a step that fired long after its time is in the morning report.

    Raises ``Later`` outside the alert hours of that level.
    """
    case = await context.case()
    if context.historic or case.closed:
        return
    form = context.form
    level = int(form["level"])
    await _wait_for_alert_hours(context, case, level)
    codes = {"clause": Word("clause", form["clause"]), "level": Word("level", str(level))}
    due = when(datetime.fromisoformat(form["due_at"]))
    await send(context, level, "escalation_step", percent=form["percent"], due=due, **codes)


@on_move(EVERY, "escalate")
async def tell_escalation(context: ReactionContext) -> None:
    """Mail the level to which somebody escalated the case."""
    level = context.event.level
    await send(context, level, "escalated", level=Word("level", str(level)))


@on_move(EVERY, "classify", "reclassify")
async def raise_severe(context: ReactionContext) -> None:
    """Escalate to the level that the pack gives to the severity, unless the case is there already."""
    case, now = await context.case(), await context.work.now()
    if case.closed or case.severity is None or "escalate" not in context.table.rows:
        return
    rules = await context.once(rules_of)
    level = rules.pack(case.pack, to_micros(now)).severity_levels.get(Severity(case.severity), 0)
    if level > case.level:
        reason = label(context.work.locale, case.kind, "severity", case.severity)
        await context.advance("escalate", level=level, reason=reason)


async def _wait_for_alert_hours(context: ReactionContext, case: Case, level: int) -> None:
    """Raise ``Later`` outside the hours in which the pack has the people of this level alerted."""
    now = await context.work.now()
    rules = await off_loop(rules_of, context.work.store)
    alerts = rules.pack(case.pack, to_micros(now)).alerts
    if alerts.calendar is None or level not in alerts.levels:
        return
    opens = rules.calendar(alerts.calendar).next_open(now)
    if opens > now:
        raise Later(opens)
