"""The month whose figures are shown where nobody asked for one: the last that has any (E2)."""

from datetime import datetime

from apps.principal_indicators import reads_figures
from engine.access.principal import Principal
from engine.rules.in_force import rules_in
from engine.store import Store
from models.columns import to_micros
from reports.indicators.definitions import in_force
from reports.indicators.figures import figures, groups_of
from reports.indicators.periods import Period, trend_to


def last_month_with_figures(
    store: Store, principal: Principal, over: Period, as_of: datetime, name: str = ""
) -> Period | None:
    """Return the last month in which an indicator that the principal reads counts anything; None where none does.

    It looks at the month that runs, the last one that is ``over``, and the year before it; with a ``name`` at that
    indicator alone. Whoever does not read the figures of the house has his own.
    """
    by, own = ([], ()) if reads_figures(principal) else (["person"], (("person", principal.actor.handle),))
    with store.looking() as tx:
        rules, then = rules_in(tx), to_micros(as_of)
        known = [each for each in in_force(rules, over, then).values() if name in {"", each.name}]
        known = [each for each in known if set(by) <= set(groups_of(each))]
        found = figures(tx, rules, known, [*trend_to(over), over.before(-1)], then, by)
    counted = [figure.period for each in found.values() for figure in each if figure.sample and figure.group == own]
    return max(counted, key=lambda period: period.first, default=None)
