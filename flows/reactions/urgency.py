"""A case of great severity asks a higher level at once, without waiting for a deadline (B6)."""

from engine.rules.in_force import rules_of
from flows.reaction_context import ReactionContext
from flows.reaction_registry import EVERY, on_move
from locales.translation import label
from models.columns import to_micros
from statemachines.forms import Severity


@on_move(EVERY, "classify", "reclassify")
async def raise_severe(context: ReactionContext) -> None:
    """Escalate to the level that the pack gives to this severity, where the case does not ask it already."""
    case, now = await context.case(), await context.work.now()
    if case.closed or case.severity is None or "escalate" not in context.table.rows:
        return
    rules = await context.once(rules_of)
    level = rules.pack(case.pack, to_micros(now)).severity_levels.get(Severity(case.severity), 0)
    if level > case.level:
        reason = label(context.work.locale, case.kind, "severity", case.severity)
        await context.advance("escalate", level=level, reason=reason)
