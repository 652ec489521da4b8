"""Examples that are invented at random from a seed: promises that break for a known reason, or for none."""

from collections.abc import Callable
from random import Random

from forecast.past import Example
from forecast.situation import LANDMARKS, Situation

HOUR, DAY = 3_600_000_000, 86_400_000_000
BEGAN = 1_750_000_000_000_000
Chance = Callable[[Situation], float]


def situation(landmark: int = 0, department: str = "claims", queue: int = 5) -> Situation:
    """Return a situation of a complaint whose solution is promised within a day."""
    return Situation(
        "complaint", "solution", "investigated", "damage", "normal", department, "hotline", 1, 0, landmark / 100, 24.0,
        24.0 * (100 - landmark) / 100, 9, 0, queue, 2,
    )  # fmt: skip


def invented(count: int, chance: Chance, seed: int = 1) -> list[Example]:
    """Return the landmarks of so many promises, an hour apart, each of which breaks with a chance."""
    random, found = Random(seed), list[Example]()
    for number in range(count):
        department, queue = random.choice(("claims", "delivery")), random.randrange(40)
        opened = BEGAN + number * HOUR
        broke = random.random() < chance(situation(0, department, queue))
        ended = opened + round((26 if broke else random.uniform(1, 24)) * HOUR)
        for landmark in LANDMARKS:
            at = opened + landmark * DAY // 100
            if at < ended:
                known = situation(landmark, department, queue)
                key = (number, "solution", 1, 1)
                found.append(Example(key, landmark, at, opened + DAY, known, broke, ended))
    return found
