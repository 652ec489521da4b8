"""How many of some events will occur, each with its own probability, if they are independent."""

from collections.abc import Sequence
from math import sqrt
from typing import Final

EXACT: Final = 500
"""Up to so many events the distribution is computed; beyond, a normal one is near enough."""
WIDTH: Final = 1.6449
"""The standard deviations to each side of the mean between which 90 % of a normal distribution lie."""
TAIL: Final = 0.05


def interval(probabilities: Sequence[float]) -> tuple[int, int]:
    """Return the least and the most events between which the number lies with a chance of at least 90 %.

    At most 5 % lie below, and at most 5 % above.
    """
    if len(probabilities) > EXACT:
        return _normal(probabilities)
    chances = distribution(probabilities)
    low, below = 0, 0.0
    while below + chances[low] <= TAIL:
        below += chances[low]
        low += 1
    high, above = len(probabilities), 0.0
    while above + chances[high] <= TAIL:
        above += chances[high]
        high -= 1
    return low, high


def distribution(probabilities: Sequence[float]) -> list[float]:
    """Return the chance of each number of events, from none to all."""
    chances = [1.0]
    for probability in probabilities:
        following = [chance * (1 - probability) for chance in (*chances, 0.0)]
        for number, chance in enumerate(chances):
            following[number + 1] += chance * probability
        chances = following
    return chances


def _normal(probabilities: Sequence[float]) -> tuple[int, int]:
    mean = sum(probabilities)
    reach = WIDTH * sqrt(sum(each * (1 - each) for each in probabilities))
    return max(0, round(mean - reach)), min(len(probabilities), round(mean + reach))
