"""A run is named at its end for what it did: its cases with all their numbers, and the highest level they have then."""

import asyncio

import pytest

from flows.prefect_ui.final_names import FinalName, final_name
from flows.prefect_ui.run_names import IN_NAME
from flows.work import Work
from tests.case_actions import make_move, new_case

pytestmark = pytest.mark.any_database


def named(work: Work, numbers: list[str], *what: str) -> FinalName:
    found = asyncio.run(final_name(work, numbers, what))
    assert found is not None
    return found


@pytest.fixture
def english(work: Work) -> Work:
    work.locale = "en"
    return work


def test_a_lone_case_is_named_with_its_state_round_and_level_now(english: Work):
    number = new_case(english.store)
    assert named(english, [number]).name == f"{number} · Received · to be classified · round 1"
    make_move(english.store, number, "classify")
    make_move(english.store, number, "escalate", level=2)
    found = named(english, [number, number])
    assert found.name == f"{number} · Classified · to be investigated · round 1 · Department manager"
    assert found.tags == ("level:2", "dept:claims")


def test_of_many_cases_the_name_holds_every_number_once(english: Work):
    numbers = [new_case(english.store) for _ in range(3)]
    make_move(english.store, numbers[1], "escalate", level=1)
    name = named(english, [*numbers, numbers[0]], "First reply: time reached").name
    assert name == f"3 cases · First reply: time reached · Team supervisor · {' '.join(numbers)}"


def test_of_too_many_cases_it_holds_the_first_and_the_last(english: Work):
    numbers = [new_case(english.store), *(f"cp-26-{n:06}" for n in range(500, 500 + IN_NAME))]
    name = named(english, numbers).name
    assert name == f"{IN_NAME + 1} cases · {numbers[0]} … {numbers[-1]}"
    assert len(named(english, numbers[:-1]).name.encode()) < 2_700, "the index of Prefect's Postgres takes no more"


def test_a_run_without_cases_keeps_its_name(work: Work):
    assert asyncio.run(final_name(work, [], [])) is None
