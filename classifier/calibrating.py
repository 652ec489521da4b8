"""Turns the scores of held-out texts into confidences that keep their word; see Note [How sure the model is]."""

import numpy as np

from classifier.keyword_rules import NEVER
from classifier.model import Calibration, Floats, Numbers

PRECISION = 0.95
"""How often the system may trust itself only if it is right."""
LEAST_TRUSTED = 10
"""A threshold that fewer held-out texts pass is luck."""


def summed(calibration: Calibration, margins: Floats, frequencies: Floats) -> Floats:
    """The scores of both readers as one."""
    return calibration.margin * margins + calibration.frequency * frequencies


def calibrated(margins: Floats, frequencies: Floats, truth: Numbers) -> Calibration:
    """The calibration that makes what is true likeliest: first of the shares of belief, then of the confidence."""
    from scipy.optimize import minimize

    def unlikely(values: Floats) -> float:
        found = _shares(values)
        chances = found.chances(summed(found, margins, frequencies))
        return float(-np.log(chances[np.arange(len(truth)), truth] + 1e-12).mean())

    shares = _shares(minimize(unlikely, (2.0, 1.0, -3.0), method="Nelder-Mead", options={"maxiter": 600}).x)
    chances = shares.chances(summed(shares, margins, frequencies))
    right = chances.argmax(axis=1) == truth

    def surprised(values: Floats) -> float:
        found = _stretched(shares, values).confidence(chances)
        return float(-np.log(np.where(right, found, 1 - found) + 1e-12).mean())

    return _stretched(shares, minimize(surprised, (1.0, 0.0), method="Nelder-Mead", options={"maxiter": 600}).x)


def _shares(values: Floats) -> Calibration:
    """Weights that are never negative, and a doubt between 0 and 1."""
    margin, frequency, doubt = (float(value) for value in values)
    return Calibration(abs(margin), abs(frequency), 1 / (1 + float(np.exp(-np.clip(doubt, -30, 30)))), 1.0, 0.0)


def _stretched(shares: Calibration, values: Floats) -> Calibration:
    slope, shift = (float(value) for value in values)
    return Calibration(shares.margin, shares.frequency, shares.doubt, abs(slope), shift)


def threshold_of(confidence: Floats, right: "np.ndarray", precision: float = PRECISION) -> int:
    """The lowest confidence, in whole percent, from which on so many are right; 101 if there is none."""
    percent = np.floor(100 * confidence)
    for threshold in range(1, 100):
        trusted = right[percent >= threshold]
        if len(trusted) < LEAST_TRUSTED:
            break
        if trusted.mean() >= precision:
            return threshold
    return NEVER
