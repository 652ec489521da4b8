"""The trained model: predicts the label of a text and its confidence with numpy alone, in about a millisecond."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from classifier.calibration import Calibration, Floats, Numbers
from classifier.examples import ngrams


@dataclass(frozen=True, slots=True)
class Prediction:
    """The predicted label of a text; ``confidence`` from 0 to 1, and 0 if the model knows none of its n-grams."""

    label: str
    confidence: float
    probabilities: Mapping[str, float]

    @property
    def percent(self) -> int:
        """Return the confidence in whole percent, rounded down."""
        return int(100 * self.confidence)


@dataclass(frozen=True)
class Model:
    """The model's parameters: ``idf`` by n-gram, ``weights`` n-grams × labels, ``base`` by label."""

    ngrams: tuple[str, ...]
    labels: tuple[str, ...]
    idf: Floats
    weights: Floats
    base: Floats
    calibration: Calibration
    threshold: int
    marks: Numbers
    """The keyed hashes of the training texts."""
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """When it was trained, on how many examples, and its figures on held-out examples."""

    @cached_property
    def index(self) -> dict[str, int]:
        """Return the row of each n-gram."""
        return {ngram: row for row, ngram in enumerate(self.ngrams)}

    @cached_property
    def seen(self) -> frozenset[int]:
        """Return the keyed hashes of the training texts, as a set."""
        return frozenset(self.marks.tolist())

    def predict(self, text: str, subject: str = "") -> Prediction:
        """Predict the label of a text."""
        rows, tfidf = self.tfidf(text, subject)
        probabilities = self.calibration.probabilities((tfidf @ self.weights[rows] + self.base)[None, :])
        best = int(probabilities.argmax())
        confidence = float(self.calibration.confidence(probabilities)[0]) if len(rows) else 0.0
        return Prediction(self.labels[best], confidence, dict(zip(self.labels, probabilities[0].tolist(), strict=True)))

    def tfidf(self, text: str, subject: str = "") -> tuple[Numbers, Floats]:
        """Return the rows of the text's known n-grams and their TF-IDF: (1 + ln count) · idf, scaled to length 1."""
        index = self.index
        counts = Counter(ngram for ngram in ngrams(text, subject) if ngram in index)
        rows = np.array([index[ngram] for ngram in counts], np.int64)
        tfidf = (1 + np.log(np.array(list(counts.values()), np.float64))) * self.idf[rows]
        return rows, tfidf / (np.sqrt(tfidf @ tfidf) or 1.0)

    def features(self, text: str, subject: str, label: str, most: int) -> list[tuple[str, float]]:
        """Return the n-grams that support a label most, with their weight against the mean of all labels."""
        rows, tfidf = self.tfidf(text, subject)
        support = tfidf * self.weights[rows, self.labels.index(label)]
        order: Sequence[int] = np.argsort(-support)[:most].tolist()
        return [
            (self.ngrams[rows[place]].strip(), round(float(support[place]), 4)) for place in order if support[place] > 0
        ]
