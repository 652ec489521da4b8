"""Group the customers of a survey by stratum, and draw from each by the seed (E1)."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from engine.conduct.sample import sampled
from engine.surveys.allocation import Stratum, sizes
from engine.surveys.population import Customer


def by_stratum(found: Iterable[Customer]) -> dict[str, list[Customer]]:
    ordered = sorted(found, key=lambda each: (each.stratum, each.person))
    return {name: list(each) for name, each in groupby(ordered, key=lambda each: each.stratum)}


def counted(stratum: list[Customer]) -> Stratum:
    return Stratum(len(stratum), sum(not each.left_out for each in stratum))


def wanted_of(survey: Mapping[str, Any], strata: Mapping[str, Stratum]) -> dict[str, int]:
    return sizes(strata, survey["wanted"], survey["method"], survey["least"])


def sample_of(seed: str, stratum: list[Customer], size: int) -> list[Customer]:
    return sampled(seed, [each for each in stratum if not each.left_out], size)


def reasons(stratum: list[Customer]) -> dict[str, list[int]]:
    """Return the parties of a stratum that could not be drawn, by reason."""
    reasons: dict[str, list[int]] = {}
    for each in stratum:
        if each.left_out is not None:
            reasons.setdefault(each.left_out.value, []).append(each.person)
    return reasons
