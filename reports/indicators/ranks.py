"""Which of the values of a group are read for a median or a ninth tenth: the nearest ranks (E2)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rank:
    """A value with its rank among those of a group in a period, the least is 1, and how many there are."""

    period: int
    attributes: Mapping[str, str]
    n: int
    rank: int
    value: int

    @property
    def in_the_middle(self) -> bool:
        """Return whether it is the median, or one of the two of which this is the mean."""
        return self.rank in {(self.n + 1) // 2, (self.n + 2) // 2}

    @property
    def at_nine_tenths(self) -> bool:
        """Return whether it is the least value that nine tenths do not exceed."""
        return self.rank == (self.n * 9 + 9) // 10


def ranks_of(period: int, attributes: Mapping[str, str], values: Sequence[int]) -> Iterator[Rank]:
    """Yield those of the values of a group, least first, that are in the middle and at nine tenths."""
    n = len(values)
    for rank in sorted({(n + 1) // 2, (n + 2) // 2, (n * 9 + 9) // 10}) if n else ():
        yield Rank(period, attributes, n, rank, values[rank - 1])
