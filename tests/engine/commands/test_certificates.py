"""Customers' cases go only to people with the certificate that the pack asks for, at every door (J1)."""

from datetime import timedelta

import pytest

from engine.actors import NewActor, add_actor
from engine.commands.certificates import holders
from engine.store import Store
from models.columns import to_micros
from statemachines.roles import Role
from tests.case_actions import HANDLER, START, SUPERVISOR, make_move, new_case, refusal
from tests.editions import publishes
from tests.engine.commands.certified_people import certify

pytestmark = pytest.mark.requirement("J1")

YEAR = timedelta(days=365)


@pytest.fixture
def asking(store: Store) -> Store:
    """A store whose pack asks for a certificate."""
    with store.writing() as tx:
        add_actor(tx, NewActor("hera", (Role.HR,)))
        add_actor(tx, NewActor("quin", (Role.QUALITY_TEAM,)))
    publishes(store, "staffing", certificate="service", source="a test")
    return store


def held(store: Store, after: timedelta = timedelta(), course: str = "service") -> set[str]:
    with store.looking() as tx:
        return holders(tx, course, to_micros(START + after))


def test_an_assignment_to_somebody_without_a_certificate_is_refused_with_the_course_and_the_rules(asking: Store):
    number = new_case(asking)
    make_move(asking, number, "classify")
    refused = refusal(lambda: make_move(asking, number, "assign"))
    assert (refused.code, refused.params["handle"], refused.params["course"]) == ("uncertified", HANDLER, "service")
    certify(asking, HANDLER)
    make_move(asking, number, "assign")


def test_an_assignment_to_a_department_alone_needs_no_certificate(asking: Store):
    number = new_case(asking)
    make_move(asking, number, "classify")
    make_move(asking, number, "assign", by=SUPERVISOR, owner=None)


def test_the_certificate_of_another_course_does_not_count(asking: Store):
    certify(asking, HANDLER, course="driving")
    assert (held(asking), held(asking, course="driving")) == (set(), {HANDLER})


def test_a_certificate_whose_time_is_over_counts_no_more_though_its_timer_has_not_fired(asking: Store):
    certify(asking, HANDLER)
    assert held(asking, YEAR - timedelta(seconds=1)) == {HANDLER}
    assert held(asking, YEAR) == set()


def test_somebody_whose_handle_begins_like_that_of_a_holder_holds_nothing(asking: Store):
    with asking.writing() as tx:
        add_actor(tx, NewActor(f"{HANDLER}s", (Role.HANDLER,), "claims"))
    certify(asking, f"{HANDLER}s")
    with asking.looking() as tx:
        assert holders(tx, "service", to_micros(START), HANDLER) == set()
