"""What was learned, ready to be asked: one text in, a label and how sure it is out; numpy alone, in a millisecond."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.grams import grams

Floats = NDArray[np.floating[Any]]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Calibration:
    """How scores become a confidence. See Note [How sure the model is]."""

    margin: float
    frequency: float
    doubt: float
    slope: float
    shift: float

    def chances(self, scores: Floats) -> Floats:
        """The share of belief of each label (rows × labels), from scores weighed and summed."""
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return (1 - self.doubt) * powers / powers.sum(axis=1, keepdims=True) + self.doubt / scores.shape[1]

    def confidence(self, chances: Floats) -> Floats:
        """How likely the best label of each row is right, from 0 to 1."""
        best = np.clip(chances.max(axis=1), 1e-4, 1 - 1e-4)
        return 1 / (1 + np.exp(-(self.slope * np.log(best / (1 - best)) + self.shift)))


@dataclass(frozen=True, slots=True)
class Guess:
    """What the model says of one text; ``certainty`` from 0 to 1, and 0 where no n-gram is known to it."""

    label: str
    certainty: float
    chances: Mapping[str, float]

    @property
    def confidence(self) -> int:
        """How sure it is, in whole percent, rounded down."""
        return int(100 * self.certainty)


@dataclass(frozen=True)
class Model:
    """The model's numbers: ``idf`` by n-gram, ``weights`` n-grams × labels, ``base`` by label."""

    grams: tuple[str, ...]
    labels: tuple[str, ...]
    idf: Floats
    weights: Floats
    base: Floats
    calibration: Calibration
    threshold: int
    marks: Numbers
    """The marks of the texts it learned from."""
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """When it was made, from how many examples, and how it did on texts that were held out."""

    @cached_property
    def place(self) -> dict[str, int]:
        """Where each n-gram stands."""
        return {gram: place for place, gram in enumerate(self.grams)}

    @cached_property
    def seen(self) -> frozenset[int]:
        """The marks of the texts it learned from."""
        return frozenset(self.marks.tolist())

    def guess(self, text: str, subject: str = "") -> Guess:
        """What the text is about."""
        places, worth = self.worth(text, subject)
        chances = self.calibration.chances((worth @ self.weights[places] + self.base)[None, :])
        best = int(chances.argmax())
        sure = float(self.calibration.confidence(chances)[0]) if len(places) else 0.0
        return Guess(self.labels[best], sure, dict(zip(self.labels, chances[0].tolist(), strict=True)))

    def worth(self, text: str, subject: str = "") -> tuple[Numbers, Floats]:
        """The places of the text's known n-grams, and what each is worth: 1 + ln of its count, times idf, in unit."""
        place = self.place
        counted = Counter(gram for gram in grams(text, subject) if gram in place)
        places = np.array([place[gram] for gram in counted], np.int64)
        worth = (1 + np.log(np.array(list(counted.values()), np.float64))) * self.idf[places]
        return places, worth / (np.sqrt(worth @ worth) or 1.0)

    def speakers(self, text: str, subject: str, label: str, most: int) -> list[tuple[str, float]]:
        """The n-grams that speak loudest for a label, and how loud, against the mean of all labels."""
        places, worth = self.worth(text, subject)
        loud = worth * self.weights[places, self.labels.index(label)]
        order: Sequence[int] = np.argsort(-loud)[:most].tolist()
        return [(self.grams[places[one]].strip(), round(float(loud[one]), 4)) for one in order if loud[one] > 0]


# Note [How sure the model is]
# Two readers look at the n-grams: a linear SVC, which draws borders, and a complement naive Bayes, which counts.
# Their scores are summed with the weights `margin` and `frequency`, which are part of the stored weights already.
# The softmax of the sum, less a `doubt` (people mislabel, too), is the share of belief of each label. The share of
# the best one is no confidence yet: its logit, stretched by `slope` and moved by `shift`, is. All five numbers are
# fitted on texts that were held out from the readers who scored them.
