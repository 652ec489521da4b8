"""Fits a forecast to ended timers by scikit-learn: a logistic regression, and a ridge regression of the time (K1).

Note [Recent counts more]: how often promises break changes over the years. An example counts half as much as
one ``HALF_LIFE`` days later. The newest counts whole, also where it is of long ago, as in an imported log.
"""

from array import array
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from forecast.model import ForecastModel, Weights
from forecast.past import Example
from forecast.situation import features

Floats = NDArray[np.floating[Any]]

HALF_LIFE: Final = 90.0
"""Days after which an example counts half."""
STRENGTH: Final = 0.1
"""The inverse of the regularization of the breach; the smaller, the nearer the weights are to nothing."""
PENALTY: Final = 10.0
"""The regularization of the time."""
RARE: Final = 20
"""A feature of fewer examples is left out: it would tell of single cases."""
DAY: Final = 86_400_000_000


def fit(examples: Sequence[Example]) -> ForecastModel:
    """Return the model of examples whose end is known; equal examples give an equal model.

    The examples hold both broken and kept promises.
    """
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression, Ridge

    names = _common(examples)
    matrix: Any = csr_matrix(_sparse(examples, names), shape=(len(examples), len(names)))
    recent = recency(examples)
    broke = np.array([bool(example.broke) for example in examples])
    breach: Any = LogisticRegression(C=STRENGTH, max_iter=2_000).fit(matrix, broke, sample_weight=recent)
    timed = np.array([example.time_share is not None for example in examples])
    shares = np.array([example.time_share for example in examples if example.time_share is not None])
    time: Any = Ridge(alpha=PENALTY, solver="lsqr").fit(matrix[timed], shares, sample_weight=recent[timed])
    mean = np.asarray(matrix.multiply(recent[:, None]).sum(axis=0)).ravel() / recent.sum()
    weights = {
        name: Weights(float(breach.coef_[0, column]), float(time.coef_[column]), float(mean[column]))
        for name, column in names.items()
    }
    return ForecastModel(weights, float(breach.intercept_[0]), float(time.intercept_))


def recency(examples: Sequence[Example]) -> Floats:
    """Return the weight of each example. See Note [Recent counts more]."""
    instants = np.array([example.at for example in examples])
    return np.power(0.5, (instants.max() - instants) / DAY / HALF_LIFE)


def _common(examples: Sequence[Example]) -> dict[str, int]:
    """Return the features that are not rare, in the order of their names, with their columns."""
    counted = Counter[str]()
    for example in examples:
        counted.update(name for name, _ in features(example.situation))
    return {name: column for column, name in enumerate(sorted(n for n, count in counted.items() if count >= RARE))}


def _sparse(examples: Sequence[Example], names: dict[str, int]) -> Any:
    """Return the values of the features, their columns, and where each row begins."""
    values, columns, begins = array("d"), array("l"), array("l", [0])
    for example in examples:
        for name, amount in features(example.situation):
            if name in names:
                values.append(amount)
                columns.append(names[name])
        begins.append(len(values))
    return np.array(values), np.array(columns), np.array(begins)
