"""The examples as numbers: n-grams counted once, so that every fold is a cut of the same table."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from classifier.examples import Example
from classifier.model import Numbers

LEAST_TEXTS = 3
"""An n-gram that fewer texts share is not learned: it would tell of one text, not of a matter."""
SILVER_COUNTS = 0.3
"""What a machine's label weighs against a person's."""


@dataclass(frozen=True)
class Corpus:
    """Examples with their n-grams counted (examples × n-grams)."""

    examples: Sequence[Example]
    grams: tuple[str, ...]
    counts: "sparse.csr_matrix"

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Every label, in order."""
        return tuple(sorted({one.label for one in self.examples}))

    @cached_property
    def truth(self) -> Numbers:
        """The place of each example's label in ``labels``."""
        place = {label: number for number, label in enumerate(self.labels)}
        return np.array([place[one.label] for one in self.examples], np.int64)

    @cached_property
    def gold(self) -> Numbers:
        """The places of the examples that a person labelled; where there are none, of all."""
        found = np.flatnonzero([one.gold for one in self.examples])
        return found if len(found) else np.arange(len(self.examples))

    @cached_property
    def silver(self) -> Numbers:
        """The places of the others."""
        return np.setdiff1d(np.arange(len(self.examples)), self.gold)

    def told(self, places: Numbers) -> list[str]:
        """The labels of the examples there."""
        return [self.examples[place].label for place in places]


def corpus_of(examples: Sequence[Example]) -> Corpus:
    """Count the n-grams of examples that are distinct."""
    place: dict[str, int] = {}
    columns: list[int] = []
    counts: list[int] = []
    ends = [0]
    for one in examples:
        for gram, count in Counter(one.grams).items():
            columns.append(place.setdefault(gram, len(place)))
            counts.append(count)
        ends.append(len(columns))
    shape = (len(examples), len(place))
    table = sparse.csr_matrix((np.array(counts, np.float64), np.array(columns, np.int64), np.array(ends)), shape)
    return Corpus(examples, tuple(place), table)
