"""Converts classifier scores to confidences that match how often they are right, and finds the threshold to trust them.

Note [Calibration]: two classifiers score the n-grams: a linear SVC and a complement naive Bayes. Their scores are
summed with the weights `margin` and `frequency`, which are already part of the stored weights. The softmax of the sum,
mixed with a uniform `doubt` (people mislabel, too), is the probability of each label. The confidence that the best
label is right is its logit, scaled by `slope` and shifted by `shift` (Platt scaling). All five numbers are fitted on
examples that were held out from the classifiers that scored them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.keyword_rules import NEVER

Floats = NDArray[np.floating[Any]]
Numbers = NDArray[np.int64]

PRECISION = 0.95
"""The share of trusted predictions that must be right."""
MIN_TRUSTED = 10
"""A threshold that fewer held-out examples reach is chance."""


@dataclass(frozen=True)
class Calibration:
    """The five numbers of Note [Calibration]."""

    margin: float
    frequency: float
    doubt: float
    slope: float
    shift: float

    def sum(self, margins: Floats, frequencies: Floats) -> Floats:
        """Return the weighted sum of both classifiers' scores."""
        return self.margin * margins + self.frequency * frequencies

    def probabilities(self, scores: Floats) -> Floats:
        """Return the probability of each label (rows × labels) from weighted, summed scores."""
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return (1 - self.doubt) * powers / powers.sum(axis=1, keepdims=True) + self.doubt / scores.shape[1]

    def confidence(self, probabilities: Floats) -> Floats:
        """Return how likely the best label of each row is right, from 0 to 1."""
        best = np.clip(probabilities.max(axis=1), 1e-4, 1 - 1e-4)
        return 1 / (1 + np.exp(-(self.slope * np.log(best / (1 - best)) + self.shift)))


def fit_calibration(margins: Floats, frequencies: Floats, truth: Numbers) -> Calibration:
    """Fit the calibration to held-out scores by maximum likelihood: first the probabilities, then the confidence."""
    from scipy.optimize import minimize

    def label_loss(values: Floats) -> float:
        calibration = _with_weights(values)
        probabilities = calibration.probabilities(calibration.sum(margins, frequencies))
        return float(-np.log(probabilities[np.arange(len(truth)), truth] + 1e-12).mean())

    weights = _with_weights(minimize(label_loss, (2.0, 1.0, -3.0), method="Nelder-Mead", options={"maxiter": 600}).x)
    probabilities = weights.probabilities(weights.sum(margins, frequencies))
    right = probabilities.argmax(axis=1) == truth

    def confidence_loss(values: Floats) -> float:
        confidence = _with_scaling(weights, values).confidence(probabilities)
        return float(-np.log(np.where(right, confidence, 1 - confidence) + 1e-12).mean())

    scaling = minimize(confidence_loss, (1.0, 0.0), method="Nelder-Mead", options={"maxiter": 600}).x
    return _with_scaling(weights, scaling)


def _with_weights(values: Floats) -> Calibration:
    """Map free numbers to weights that are never negative and a doubt between 0 and 1."""
    margin, frequency, doubt = (float(value) for value in values)
    return Calibration(abs(margin), abs(frequency), 1 / (1 + float(np.exp(-np.clip(doubt, -30, 30)))), 1.0, 0.0)


def _with_scaling(weights: Calibration, values: Floats) -> Calibration:
    slope, shift = (float(value) for value in values)
    return Calibration(weights.margin, weights.frequency, weights.doubt, abs(slope), shift)


def trust_threshold(confidence: Floats, right: "np.ndarray", precision: float = PRECISION) -> int:
    """Return the lowest confidence in whole percent from which that share is right, or ``NEVER``."""
    percent = np.floor(100 * confidence)
    for threshold in range(1, 100):
        trusted = right[percent >= threshold]
        if len(trusted) < MIN_TRUSTED:
            break
        if trusted.mean() >= precision:
            return threshold
    return NEVER
