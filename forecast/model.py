"""A trained forecast: the probability that a timer breaks its promise, the time until its end, and the reasons.

Both are sums of weights of the features that a situation has (``situation.features``), so each feature's part in the
sum says why. Nothing here loads scikit-learn.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import exp
from typing import Any, Final

from forecast.situation import Situation, features

LONGEST: Final = 2.0
"""The time until the end of a timer counts up to so many times what was left of its limit."""
REASONS: Final = 3
LEAST_WEIGHT: Final = 0.05
"""A part of the sum, in log-odds, that is too small to be a reason."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What one feature adds to the log-odds of a breach and to the time until the end, and how common it is.

    ``mean`` is how much of the feature a timer of the training had on average.
    """

    breach: float
    time: float
    mean: float


@dataclass(frozen=True, slots=True)
class Reason:
    """A field of a situation, its value, and what it adds to the log-odds compared with the average timer."""

    field: str
    value: str
    weight: float


@dataclass(frozen=True)
class ForecastModel:
    """Weights by feature, what is added to each sum, and ``about``: how it was trained and judged."""

    weights: Mapping[str, Weights]
    breach_base: float
    time_base: float
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def version(self) -> str:
        """Return the name of the model's file, without its ending."""
        return str(self.about.get("version", ""))

    @property
    def adopted(self) -> bool:
        """Return whether it was better than both baselines, and so is used."""
        return bool(self.about.get("adopted"))

    def forecast(self, known: Situation) -> tuple[float, float]:
        """Return the probability of a breach, and the time until the end as a share of the time left of the limit."""
        breach, time = self.breach_base, self.time_base
        for name, amount in features(known):
            weights = self.weights.get(name)
            if weights is not None:
                breach += weights.breach * amount
                time += weights.time * amount
        return 1 / (1 + exp(-breach)), min(max(time, 0.0), LONGEST)

    def reasons(self, known: Situation) -> list[Reason]:
        """Return the fields that speak most for or against a breach, the strongest first, at most ``REASONS``."""
        here, values = defaultdict[str, float](float), dict[str, str]()
        for name, amount in features(known):
            field_name, _, value = name.partition("=")
            field_name = field_name.partition("_")[0]
            values.setdefault(field_name, value)
            here[field_name] += self.weights[name].breach * amount if name in self.weights else 0.0
        parts = [Reason(name, values[name], here[name] - self._average.get(name, 0.0)) for name in values]
        strongest = sorted(parts, key=lambda reason: (-abs(reason.weight), reason.field))[:REASONS]
        return [reason for reason in strongest if abs(reason.weight) >= LEAST_WEIGHT]

    @cached_property
    def _average(self) -> dict[str, float]:
        """Return what each field adds to the log-odds of the average timer."""
        average = defaultdict[str, float](float)
        for name, weights in self.weights.items():
            average[name.partition("=")[0].partition("_")[0]] += weights.breach * weights.mean
        return average
