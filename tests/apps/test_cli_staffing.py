"""``closeloop staffing``: the check first, silence where too little is known, and bounds that are said."""

import pytest

from apps.principal_staffing import StaffingAsked, question_of
from engine.store import Store
from reports.staffing.runs import Scenario
from statemachines.refused import Refused
from tests.apps.conftest import Closeloop
from tests.case_actions import new_case, query_rows

pytestmark = pytest.mark.requirement("K3")

TABLES = ("cases", "transition", "timer", "run", "journal", "edition")


def rows_of(store: Store) -> list[int]:
    return [query_rows(store, f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in TABLES]


def test_a_fresh_house_is_told_that_it_knows_too_little(closeloop: Closeloop, simulated: Store):
    new_case(simulated)
    before = rows_of(simulated)
    document = closeloop.json("staffing", "--people", "+2")
    assert (document["cases"], document["silent"]) == (1, ["too_few_cases"])
    assert (document["check"], document["scenarios"], document["smallest"]) == ([], [], [])
    assert "200" in closeloop("staffing").output
    assert rows_of(simulated) == before


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (("--people", "many"), "staffing_people"), (("--people", "+"), "staffing_people"),
        (("--people", "1000"), "staffing_people"), (("--runs", "1"), "staffing_bounds"),
        (("--demand", "-1"), "staffing_bounds"), (("--demand", "nan"), "usage"),
        (("--shift", "24"), "staffing_bounds"), (("--target", "101"), "staffing_bounds"),
        (("--department", "nowhere"), "unknown_department"), (("--pack", "nowhere"), "unknown_pack"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(closeloop: Closeloop, simulated: Store, given: tuple[str, str], code: str):
    assert closeloop.refused("staffing", *given)["code"] == code


def test_what_is_asked_becomes_one_roster_and_nothing_asked_one_fewer_and_one_more():
    asked = StaffingAsked(department="claims", people="+2", shift=3, demand=1.5)
    assert question_of(asked).scenarios == (Scenario(2, 3, 1.5, "claims"),)
    assert question_of(StaffingAsked(people="6")).scenarios == (Scenario(people=6),)
    assert [each.more for each in question_of(StaffingAsked()).scenarios] == [-1, 1]


def test_a_number_of_people_with_a_sign_is_a_difference():
    assert question_of(StaffingAsked(people="-1")).scenarios == (Scenario(-1),)
    with pytest.raises(Refused, match="staffing_people"):
        question_of(StaffingAsked(people="--1"))
