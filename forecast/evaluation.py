"""Evaluates forecasts on what came later, beside the base rate and the share of time used (K1).

Note [Rolling origin]: the time of the examples is cut into parts. A model is fitted on what was known at the begin of
each of the last parts and judged on that part, as a store trains anew every week. Both baselines are learned from the
same examples: how often promises broke, and how often they broke once that share of their time was used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from forecast.evaluation_scores import Evaluation, Scores
from forecast.fit import fit
from forecast.past import Example

Floats = NDArray[np.floating[Any]]

PARTS, FIRST_SHARE = 6, 0.4
"""How many parts are judged, and the share of the examples before the first of them."""
JUDGED: Final = (25, 50, 75)
"""The shares of the allowance, in percent, at which forecasts are judged."""
BINS: Final = 10
LEAST_OF_EACH: Final = 30
"""So many broken and so many kept promises must be known before the first part."""


@dataclass(slots=True)
class Judged:
    """Forecasts beside what came true, by example: landmark, outcome, probabilities, and times (NaN if not known)."""

    landmark: Any
    broke: Any
    model: Any
    base: Any
    share: Any
    time: Any
    time_model: Any
    time_base: Any


def evaluate(examples: Sequence[Example]) -> Evaluation | None:
    """Judge the method on the later parts of the examples; None where there are too few. See Note [Rolling origin]."""
    known = sorted((each for each in examples if each.broke is not None), key=lambda each: (each.at, each.key))
    if not known:
        return None
    instants = np.array([each.at for each in known])
    cuts = [int(cut) for cut in np.quantile(instants, np.linspace(FIRST_SHARE, 1, PARTS + 1))]
    cuts[-1] += 1
    parts = [judged for since, until in pairwise(cuts) if (judged := _judge(known, since, until)) is not None]
    if len(parts) < PARTS:
        return None
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in Judged.__slots__}
    return _evaluation(Judged(**columns))


def enough(examples: Sequence[Example]) -> bool:
    """Return whether there are enough broken and enough kept promises to learn from."""
    broke = sum(bool(each.broke) for each in examples)
    return min(broke, len(examples) - broke) >= LEAST_OF_EACH


def _judge(known: Sequence[Example], since: int, until: int) -> Judged | None:
    before = [each for each in known if each.settled(since)]
    later = [each for each in known if since <= each.at < until]
    if not enough(before) or not later:
        return None
    model = fit(before)
    forecasts = np.array([model.forecast(each.situation) for each in later])
    rates = _rates(before)
    base = float(np.mean([bool(each.broke) for each in before]))
    times = [each.time_share for each in before if each.time_share is not None]
    count = len(later)
    return Judged(
        landmark=np.array([each.landmark for each in later]),
        broke=np.array([float(bool(each.broke)) for each in later]),
        model=forecasts[:, 0],
        base=np.full(count, base),
        share=np.array([rates.get(each.landmark, base) for each in later]),
        time=np.array([np.nan if each.time_share is None else each.time_share for each in later]),
        time_model=forecasts[:, 1],
        time_base=np.full(count, np.mean(times)),
    )


def _rates(examples: Sequence[Example]) -> dict[int, float]:
    """Return how often promises broke of which a share was used, by landmark."""
    outcomes = dict[int, list[bool]]()
    for each in examples:
        outcomes.setdefault(each.landmark, []).append(bool(each.broke))
    return {landmark: float(np.mean(broke)) for landmark, broke in outcomes.items()}


def _evaluation(judged: Judged) -> Evaluation:
    everything = np.ones(len(judged.broke), dtype=bool)
    at = {landmark: _scores(judged, here) for landmark in JUDGED if (here := judged.landmark == landmark).any()}
    timed = ~np.isnan(judged.time)
    errors = [
        float(np.abs(judged.time - guess)[timed].mean()) if timed.any() else 0.0
        for guess in (judged.time_model, judged.time_base)
    ]
    return Evaluation(_scores(judged, everything), at, *errors)


def _scores(judged: Judged, chosen: Any) -> Scores:
    broke = judged.broke[chosen]
    model, base, share = (each[chosen] for each in (judged.model, judged.base, judged.share))
    return Scores(
        count=len(broke),
        broke=int(broke.sum()),
        brier=brier(model, broke),
        base=brier(base, broke),
        share=brier(share, broke),
        calibration_error=calibration_error(model, broke),
        auc=auc(model, broke),
    )


def brier(probabilities: Floats, broke: Floats) -> float:
    """Return the mean squared distance between the probability and the outcome."""
    return float(np.mean((probabilities - broke) ** 2))


def calibration_error(probabilities: Floats, broke: Floats) -> float:
    """Return the mean distance between the mean probability and the share that broke, in ten bins."""
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    distances = (abs(float((probabilities - broke)[bins == each].sum())) for each in range(BINS))
    return sum(distances) / len(broke)


def auc(probabilities: Floats, broke: Floats) -> float | None:
    """Return the area under the ROC curve, ties counted half; None where all broke, or none."""
    from scipy.stats import rankdata

    positive = int(broke.sum())
    negative = len(broke) - positive
    if not positive or not negative:
        return None
    ranks: Any = rankdata(probabilities)
    return float((ranks[broke == 1].sum() - positive * (positive + 1) / 2) / (positive * negative))
