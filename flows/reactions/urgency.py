"""A case of great severity asks a higher level at once, without waiting for a deadline (B6)."""

from engine.rules.in_force import rules_of
from flows.moment import Moment
from flows.reacting import EVERY, on_move
from flows.wording import label
from models.columns import to_micros
from statemachines.forms import Severity


@on_move(EVERY, "classify", "reclassify")
async def raise_severe(moment: Moment) -> None:
    """Escalate to the level that the pack gives to this severity, where the case does not ask it already."""
    case, now = await moment.case(), await moment.work.now()
    if case.closed or case.severity is None or "escalate" not in moment.table.rows:
        return
    rules = await moment.once(rules_of)
    level = rules.pack(case.pack, to_micros(now)).severity_levels.get(Severity(case.severity), 0)
    if level > case.level:
        reason = label(moment.work.locale, case.kind, "severity", case.severity)
        await moment.advance("escalate", level=level, reason=reason)
