"""Rank people only where their intervals tell them apart: whose intervals overlap share one band (E2)."""

from collections.abc import Iterable, Mapping

from reports.indicators.figures import Figure, Group


def bands(figures: Iterable[Figure]) -> Mapping[Group, int]:
    """Return the band of each figure that has an interval, the highest is 1; without two bands nobody is ranked.

    Figures whose intervals overlap, directly or through others, are in one band. Small samples are in none.
    """
    ranked = [figure for figure in figures if figure.low is not None and figure.high is not None and not figure.small]
    ranked.sort(key=lambda figure: (-_high(figure), figure.group))
    band, lowest = 0, None
    found: dict[Group, int] = {}
    for figure in ranked:
        low, high = figure.low, figure.high
        assert low is not None
        assert high is not None
        if lowest is None or high < lowest:
            band += 1
        lowest = low if lowest is None or high < lowest else min(lowest, low)
        found[figure.group] = band
    return found if band > 1 else {}


def _high(figure: Figure) -> float:
    return float(figure.high or 0)
