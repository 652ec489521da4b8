"""Parts examples into folds: the same parting for the same seed, every label in every fold as far as it goes."""

from collections.abc import Iterator, Sequence
from random import Random

import numpy as np

from classifier.model import Numbers

FOLDS = 5


def folds(labels: Sequence[str], many: int = FOLDS, seed: int = 0) -> Iterator[tuple[Numbers, Numbers]]:
    """Places to learn from and places to judge by, ``many`` times; each place is judged once."""
    chance = Random(seed)  # noqa: S311 - a parting, not a secret
    of_label: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        of_label.setdefault(label, []).append(place)
    dealt: list[int] = []
    for label in sorted(of_label):
        chance.shuffle(of_label[label])
        dealt += of_label[label]
    fold = np.empty(len(labels), np.int64)
    fold[dealt] = np.arange(len(dealt)) % many
    for one in range(many):
        yield np.flatnonzero(fold != one), np.flatnonzero(fold == one)
