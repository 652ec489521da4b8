"""The scores of forecasts that were judged, and from when on they are good enough to be used (K1)."""

from dataclasses import asdict, dataclass
from typing import Any, Final

MARGIN: Final = 0.05
"""A model is used if its Brier score is lower than the base rate's by at least this share of it, at all landmarks
together, lower than that of the share of time used, and its calibration error at most ``MOST_ERROR``."""
MOST_ERROR: Final = 0.05
ALL: Final = "all"
"""The name of the scores of all landmarks together."""
SCORE_NAMES: Final = ("count", "broke", "brier", "base", "share", "calibration_error", "auc")


@dataclass(frozen=True, slots=True)
class Scores:
    """How good the forecasts of so many timers were, ``broke`` of which broke their promise.

    ``brier`` is the mean squared error of the probability, ``base`` that of the base rate and ``share`` that of the
    share of time used. ``calibration_error`` is the mean distance between probability and outcome in ten bins,
    ``auc`` the chance that a broken promise was given the higher probability (None where all or none broke).
    """

    count: int
    broke: int
    brier: float
    base: float
    share: float
    calibration_error: float
    auc: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The scores of all landmarks together and of each that is judged; and of the time until the end.

    ``time_error`` is the mean distance between the expected and the actual time, as a share of the time left;
    ``time_base`` is that of the average time.
    """

    all: Scores
    at: dict[int, Scores]
    time_error: float
    time_base: float

    @property
    def good(self) -> bool:
        """Return whether the model is better than both baselines by the margin, and calibrated."""
        scores = self.all
        better = scores.brier <= (1 - MARGIN) * scores.base and scores.brier < scores.share
        return better and scores.calibration_error <= MOST_ERROR

    def document(self) -> dict[str, Any]:
        """Return the scores as a JSON document, those of all landmarks first."""
        by_name = {ALL: self.all, **{str(landmark): scores for landmark, scores in self.at.items()}}
        rounded = {name: _rounded(asdict(each)) for name, each in by_name.items()}
        return {**rounded, "time_error": round(self.time_error, 4), "time_base": round(self.time_base, 4)}


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}
