"""A sample is divided among strata exactly: the sizes add up, nobody is drawn twice, and no order matters (E1)."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rules.sampling import Allocation
from engine.surveys.allocation import Stratum, sizes
from engine.surveys.population import Customer, LeftOut
from engine.surveys.strata import by_stratum, counted, sample_of, wanted_of

pytestmark = pytest.mark.requirement("E1")

METHODS = st.sampled_from([*Allocation])
STRATA = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=3),
    st.tuples(st.integers(0, 40), st.integers(0, 20)).map(lambda n: Stratum(n[0] + n[1], n[0])),
    max_size=6,
)
CUSTOMERS = st.lists(
    st.tuples(st.integers(1, 999), st.sampled_from("abc"), st.sampled_from([None, None, *LeftOut])),
    unique_by=lambda each: each[0],
    max_size=60,
).map(lambda rows: [Customer(person, person, stratum, left_out) for person, stratum, left_out in rows])


def survey(size: int, method: str, least: int = 0) -> dict[str, object]:
    return {"wanted": size, "method": method, "least": least}


def drawn(customers: list[Customer], seed: str, size: int, method: str, least: int) -> dict[str, list[int]]:
    """Return the persons drawn from each stratum."""
    strata = by_stratum(customers)
    wanted = wanted_of(survey(size, method, least), {name: counted(each) for name, each in strata.items()})
    return {name: [one.person for one in sample_of(seed, each, wanted[name])] for name, each in strata.items()}


@given(STRATA, st.integers(1, 120), METHODS, st.integers(0, 10))
def test_the_sizes_add_up_and_no_stratum_gives_more_than_it_has(
    strata: dict[str, Stratum], size: int, method: str, least: int
):
    divided = sizes(strata, size, method, least)
    assert sum(divided.values()) == min(size, sum(each.eligible for each in strata.values()))
    assert all(0 <= divided[name] <= each.eligible for name, each in strata.items())
    if least * len(strata) <= size:
        assert all(divided[name] >= min(least, each.eligible) for name, each in strata.items())


@given(STRATA, st.integers(1, 120))
def test_a_stratum_gets_its_share_to_the_nearest_customer(strata: dict[str, Stratum], size: int):
    whole = {name: Stratum(each.population, each.population) for name, each in strata.items()}
    total = sum(each.population for each in whole.values())
    if size <= total:
        divided = sizes(whole, size, Allocation.PROPORTIONAL)
        assert all(abs(divided[name] - size * each.population / total) < 1 for name, each in whole.items())


@given(CUSTOMERS, st.text("0123456789abcdef", min_size=1), st.integers(1, 80), METHODS, st.integers(0, 9), st.randoms())
def test_the_same_seed_draws_the_same_customers_whatever_the_order_of_the_rows(
    customers: list[Customer], seed: str, size: int, method: str, least: int, random: Random
):
    first = drawn(customers, seed, size, method, least)
    shuffled = list(customers)
    random.shuffle(shuffled)
    assert drawn(shuffled, seed, size, method, least) == first
    persons = [person for each in first.values() for person in each]
    able = {each.person for each in customers if each.left_out is None}
    assert len(persons) == len(set(persons)) == min(size, len(able))
    assert set(persons) <= able


def test_the_strata_of_an_example_are_divided_as_by_hand():
    strata = {"individual": Stratum(70, 60), "enterprise": Stratum(20, 20), "key_account": Stratum(10, 3)}
    assert sizes(strata, 20, Allocation.PROPORTIONAL) == {"individual": 14, "enterprise": 4, "key_account": 2}
    assert sizes(strata, 20, Allocation.PROPORTIONAL, 3) == {"individual": 13, "enterprise": 4, "key_account": 3}
    assert sizes(strata, 18, Allocation.EQUAL) == {"enterprise": 8, "individual": 7, "key_account": 3}


def test_each_customer_of_a_stratum_has_the_same_chance():
    """Two of ten in 2,000 draws: 400 times each, give or take five standard deviations of 17.9."""
    customers = [Customer(person, person, "a", None) for person in range(10)]
    times = Counter(one for seed in range(2000) for one in drawn(customers, str(seed), 2, Allocation.EQUAL, 0)["a"])
    assert all(abs(count - 400) < 90 for count in times.values())
