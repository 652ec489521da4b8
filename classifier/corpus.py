"""The examples as a matrix of n-gram counts, and their division into folds; each fold selects rows of the matrix."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

import numpy as np
from scipy import sparse

from classifier.calibration import Numbers
from classifier.examples import Example

FOLDS = 5


@dataclass(frozen=True)
class Corpus:
    """Examples with the counts of their n-grams (examples × n-grams)."""

    examples: Sequence[Example]
    ngrams: tuple[str, ...]
    counts: "sparse.csr_matrix"

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Return all labels, sorted."""
        return tuple(sorted({example.label for example in self.examples}))

    @cached_property
    def truth(self) -> Numbers:
        """Return the index in ``labels`` of each example's label."""
        index = {label: number for number, label in enumerate(self.labels)}
        return np.array([index[example.label] for example in self.examples], np.int64)

    @cached_property
    def gold(self) -> Numbers:
        """Return the rows of the examples labelled by a person; all rows if there are none."""
        rows = np.flatnonzero([example.gold for example in self.examples])
        return rows if len(rows) else np.arange(len(self.examples))

    @cached_property
    def silver(self) -> Numbers:
        """Return the rows of the other examples."""
        return np.setdiff1d(np.arange(len(self.examples)), self.gold)

    def labels_of(self, rows: Numbers) -> list[str]:
        """Return the labels of the examples in these rows."""
        return [self.examples[row].label for row in rows]


def corpus_of(examples: Sequence[Example]) -> Corpus:
    """Count the n-grams of examples that are distinct."""
    index: dict[str, int] = {}
    columns: list[int] = []
    counts: list[int] = []
    ends = [0]
    for example in examples:
        for ngram, count in Counter(example.ngrams).items():
            columns.append(index.setdefault(ngram, len(index)))
            counts.append(count)
        ends.append(len(columns))
    shape = (len(examples), len(index))
    matrix = sparse.csr_matrix((np.array(counts, np.float64), np.array(columns, np.int64), np.array(ends)), shape)
    return Corpus(examples, tuple(index), matrix)


def folds(labels: Sequence[str], count: int = FOLDS, seed: int = 0) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield ``count`` pairs of positions to train on and to evaluate on; each position is evaluated once.

    The division is stratified by label, and the same for the same seed.
    """
    random = Random(seed)  # noqa: S311 - a division, not a secret
    by_label: dict[str, list[int]] = {}
    for position, label in enumerate(labels):
        by_label.setdefault(label, []).append(position)
    dealt: list[int] = []
    for label in sorted(by_label):
        random.shuffle(by_label[label])
        dealt += by_label[label]
    fold = np.empty(len(labels), np.int64)
    fold[dealt] = np.arange(len(dealt)) % count
    for number in range(count):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)
