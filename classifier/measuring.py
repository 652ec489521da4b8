"""How good guesses were: accuracy, macro-F1, calibration error, label by label, and what a threshold would give."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from classifier.calibrating import PRECISION, threshold_of
from classifier.keyword_rules import NEVER

BINS = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """One guess beside the truth; ``threshold`` is the one in percent of the model that guessed."""

    truth: str
    said: str
    certainty: float
    threshold: int

    @property
    def right(self) -> bool:
        return self.truth == self.said

    @property
    def trusted(self) -> bool:
        """Whether the system would have decided by itself."""
        return int(100 * self.certainty) >= self.threshold


@dataclass(frozen=True, slots=True)
class Figures:
    """What the guesses come to; shares from 0 to 1. ``trusted`` is how the models' own thresholds did."""

    rows: int
    accuracy: float
    macro_f1: float
    calibration_error: float
    per_class: dict[str, dict[str, Any]]
    at_95: dict[str, Any]
    trusted: dict[str, Any]


def figures(judged: Sequence[Judged]) -> Figures:
    """Reckon them; there is at least one guess."""
    per_class = _per_class(judged)
    return Figures(
        rows=len(judged),
        accuracy=_share(one.right for one in judged),
        macro_f1=round(float(np.mean([one["f1"] for one in per_class.values()])), 4),
        calibration_error=calibration_error(judged),
        per_class=per_class,
        at_95=_at(judged),
        trusted={
            "precision": _share(one.right for one in judged if one.trusted),
            "share": _share(one.trusted for one in judged),
        },
    )


def calibration_error(judged: Sequence[Judged], bins: int = BINS) -> float:
    """The mean distance, over ten equal bins of confidence, between how sure and how often right (ECE)."""
    sure = np.array([one.certainty for one in judged])
    right = np.array([one.right for one in judged], float)
    of = np.minimum((sure * bins).astype(int), bins - 1)
    apart = (abs((right[of == one] - sure[of == one]).sum()) for one in range(bins))
    return round(float(sum(apart)) / len(judged), 4)


def _per_class(judged: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    true, said = Counter(one.truth for one in judged), Counter(one.said for one in judged)
    both = Counter(one.truth for one in judged if one.right)
    return {
        label: {
            "precision": round(both[label] / said[label], 4) if said[label] else 0.0,
            "recall": round(both[label] / true[label], 4) if true[label] else 0.0,
            "f1": round(2 * both[label] / (true[label] + said[label]), 4),
            "examples": true[label],
        }
        for label in sorted(true | said)
    }


def _at(judged: Sequence[Judged]) -> dict[str, Any]:
    """The threshold that gives the wanted precision on these guesses, and the share it covers; None if none does."""
    sure, right = np.array([one.certainty for one in judged]), np.array([one.right for one in judged])
    found = threshold_of(sure, right)
    over = np.floor(100 * sure) >= found
    precision = round(float(right[over].mean()), 4) if over.any() else None
    share = round(float(over.mean()), 4)
    return {"threshold": None if found == NEVER else found, "wanted": PRECISION, "precision": precision, "share": share}


def _share(told: Iterable[bool]) -> float:
    found = list(told)
    return round(sum(found) / len(found), 4) if found else 0.0
