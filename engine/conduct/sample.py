"""Choose a random sample by a seed: the same seed and the same population give the same sample, on any machine.

Each contact has a place that follows from the seed and its key, and the first ones are drawn. So the order in which
contacts are given makes no difference, and a larger sample of one seed holds the smaller one.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar


class Keyed(Protocol):
    """What can be drawn."""

    @property
    def key(self) -> str: ...


K = TypeVar("K", bound=Keyed)


def sampled(seed: str, population: Iterable[K], size: int) -> list[K]:
    """Return up to ``size`` of the population, each with the same chance, in random order."""
    return sorted(population, key=lambda each: _place(seed, each.key))[:size]


def population_digest(population: Sequence[Keyed]) -> str:
    """Return SHA-256 over the keys of a population, whatever their order."""
    return hashlib.sha256("\n".join(sorted(each.key for each in population)).encode()).hexdigest()


def _place(seed: str, key: str) -> bytes:
    return hashlib.sha256(f"{seed}\n{key}".encode()).digest()
