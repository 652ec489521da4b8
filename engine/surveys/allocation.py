"""Divide a sample among strata: a pure computation, exact, the same on any machine (E1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from engine.rules.sampling import Allocation


@dataclass(frozen=True, slots=True)
class Stratum:
    """How many customers a stratum has, and how many of them can be drawn."""

    population: int
    eligible: int


def sizes(strata: Mapping[str, Stratum], size: int, method: str, least: int = 0) -> dict[str, int]:
    """Return how many customers to draw from each stratum: ``size`` in all, or everybody who can be drawn.

    A stratum gets its share of the population, or of ``equal`` parts, to the nearest whole number; first ``least`` of
    each as far as ``size`` goes. What a stratum cannot give is taken from those that lack most.
    """
    total = sum(each.population for each in strata.values())
    shares = {
        name: Fraction(size, len(strata)) if method == Allocation.EQUAL else Fraction(size * each.population, total)
        for name, each in strata.items()
        if each.eligible
    }
    drawn = dict.fromkeys(strata, 0)
    for _ in range(min(size, sum(each.eligible for each in strata.values()))):
        able = [name for name in shares if drawn[name] < strata[name].eligible]
        short = [name for name in able if drawn[name] < least] or able
        drawn[min(short, key=lambda name: (drawn[name] - shares[name], name))] += 1
    return drawn
