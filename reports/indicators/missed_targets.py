"""Which departments miss the target of which indicator in a period, and their later figures (E3).

A figure of a small sample misses nothing: too few facts say nothing certain about a department.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from zoneinfo import ZoneInfo

from engine.departments import departments
from engine.rules.in_force import Rules
from engine.rules.indicator_definition import Indicator
from engine.rules.policy import Pack
from engine.transaction import Tx
from reports.indicators.figures import Figure, figures, groups_of
from reports.indicators.periods import Period

BY = ("pack", "department")


@dataclass(frozen=True, slots=True)
class MissedTarget:
    """A department whose figure of an indicator misses the target in a period."""

    indicator: Indicator
    department: str
    figure: Figure


def hundredths(value: Fraction) -> int:
    """Return a figure in hundredths, as improvement plans hold it: 90.5 is 9050. Half a hundredth is rounded up."""
    return floor(value * 100 + Fraction(1, 2))


def indicators_of(rules: Rules, pack: Pack, period: Period, as_of: int) -> list[Indicator]:
    """Return the indicators in force at the end of a period whose facts know the department and the pack of a case."""
    at = min(as_of, period.ends(ZoneInfo(pack.zone)) - 1)
    return [each for each in rules.indicators(at).values() if set(BY) <= set(groups_of(each))]


def missed_targets(tx: Tx, rules: Rules, pack: Pack, period: Period, as_of: int) -> list[MissedTarget]:
    """Return the departments that miss a target in a period, as of an instant in microseconds; by indicator."""
    known, here = indicators_of(rules, pack, period, as_of), departments(tx)
    found = figures(tx, rules, known, [period], as_of, BY)
    return [
        MissedTarget(indicator, department, figure)
        for indicator in known
        for figure in found[indicator.name]
        if figure.on_target is False and not figure.small
        for _, department in [of_department(figure)]
        if department in here and of_department(figure) == (pack.name, department)
    ]


def of_department(figure: Figure) -> tuple[str, str]:
    """Return pack and department of a figure by ``BY``."""
    group = dict(figure.group)
    return group["pack"], group["department"]


def department_figures(
    tx: Tx, rules: Rules, indicator: Indicator, pack: str, department: str, periods: Sequence[Period], as_of: int
) -> list[Figure]:
    """Return the figures of one department in several periods, those without facts left out, in their order."""
    found = figures(tx, rules, [indicator], periods, as_of, BY)[indicator.name]
    return [figure for figure in found if of_department(figure) == (pack, department)]
