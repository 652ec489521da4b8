"""Which editions of the indicators judge a period: those in force at its end, or as of an instant before (E2)."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from engine.rules.in_force import Rules
from engine.rules.indicator_definition import Indicator
from reports.indicators.periods import Period
from statemachines.refused import Refused


def definition(rules: Rules, name: str, period: Period, as_of: int) -> Indicator:
    """Return the edition of an indicator by which a period is judged: that in force at its end, or as of an instant."""
    known = in_force(rules, period, as_of)
    if name not in known:
        raise Refused("unknown_indicator", name=name[:40], known=sorted(known))
    return known[name]


def in_force(rules: Rules, period: Period, as_of: int) -> Mapping[str, Indicator]:
    """Return the indicators by which a period is judged, by name."""
    found: dict[str, Indicator] = {}
    for name, indicator in rules.indicators(as_of).items():
        at = min(as_of, period.ends(ZoneInfo(indicator.zone)) - 1)
        found[name] = rules.indicators(at).get(name, indicator)
    return found
