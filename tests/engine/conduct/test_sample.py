"""A seed chooses the sample: the same one from the same population, in any order, each contact with the same chance."""

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.conduct.sample import population_digest, sampled

pytestmark = pytest.mark.requirement("F5")


@dataclass(frozen=True)
class Thing:
    key: str


NUMBERS = st.lists(st.integers(0, 10**6), unique=True, max_size=60)
POPULATIONS = NUMBERS.map(lambda numbers: [Thing(f"cp {n}") for n in numbers])
SEEDS = st.text("0123456789abcdef", min_size=1, max_size=16)


@given(POPULATIONS, SEEDS, st.integers(0, 70), st.randoms(use_true_random=False))
def test_the_same_seed_and_population_give_the_same_sample(population: list[Thing], seed: str, size: int, random):
    shuffled = list(population)
    random.shuffle(shuffled)
    sample = sampled(seed, population, size)
    assert sample == sampled(seed, shuffled, size)
    assert population_digest(population) == population_digest(shuffled)
    assert len(sample) == len(set(sample)) == min(size, len(population))
    assert set(sample) <= set(population)


@given(POPULATIONS, SEEDS, st.integers(0, 60))
def test_a_larger_sample_holds_the_smaller_one(population: list[Thing], seed: str, size: int):
    assert sampled(seed, population, size + 5)[:size] == sampled(seed, population, size)


@given(POPULATIONS.filter(bool))
def test_another_population_has_another_digest(population: list[Thing]):
    assert population_digest(population) != population_digest(population[1:])


def test_each_contact_is_drawn_about_as_often_as_each_other():
    """One of ten in 2,000 draws of three: 600 times each, give or take five standard deviations of 20.5."""
    population = [Thing(f"cp-26-{n:06}") for n in range(10)]
    counted = Counter(each.key for seed in range(2_000) for each in sampled(str(seed), population, 3))
    assert len(counted) == 10
    assert all(abs(count - 600) < 103 for count in counted.values())
