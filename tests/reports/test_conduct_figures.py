"""Figures of scored contacts: how many, how much was observed, the share passed with its interval; names, no ranks."""

from datetime import timedelta

import pytest

from engine.conduct.sheets import GivenSheet, score_contact
from engine.store import Store
from reports.conduct_figures import GroupedBy, GroupFigures, conduct_figures
from tests.case_actions import AGENT, DAY, HANDLER, START
from tests.engine.conduct.reviewed_contacts import LATER, WANTED, drawn, marks, reviewer, scored, spoken_contacts

pytestmark = pytest.mark.requirement("F5")


def figures(store: Store, by: GroupedBy = GroupedBy.PERSON, until: timedelta = DAY) -> list[GroupFigures]:
    with store.looking() as tx:
        return conduct_figures(tx, START, START + until, by)


@pytest.fixture
def draw_id(store: Store) -> int:
    """A draw of all of Amy's three calls."""
    spoken_contacts(store, 3)
    return drawn(store)


def test_a_person_s_share_is_the_mean_of_what_was_observed(store: Store, draw_id: int):
    """80 and 100 points: 90 % of two contacts, for which Wilson's formula gives 27.87 % to 99.53 %."""
    scored(store, draw_id, 1, answer="failed")
    scored(store, draw_id, 2, closing="not_observed")
    [amy] = figures(store)
    assert (amy.name, amy.drawn, amy.unscored) == (AGENT, 3, 1)
    [found] = amy.checklists
    assert (found.checklist, found.version, found.scored, found.nothing_observed) == ("phone", "2026-11", 2, 0)
    assert (found.share, found.observed) == (pytest.approx(0.9), pytest.approx(0.95))
    assert (found.least, found.most) == (pytest.approx(0.2787, abs=0.0001), pytest.approx(0.9953, abs=0.0001))


def test_a_contact_in_which_nothing_was_observed_is_counted_apart(store: Store, draw_id: int):
    score_contact(store, reviewer(store), GivenSheet(draw_id, 1, 0, marks(outcome="not_observed")), LATER)
    [amy] = figures(store)
    [found] = amy.checklists
    assert (found.scored, found.nothing_observed, found.share, found.least, found.observed) == (0, 1, None, None, None)


def test_the_newest_sheet_of_a_contact_counts(store: Store, draw_id: int):
    scored(store, draw_id, 1, answer="failed")
    scored(store, draw_id, 1, 1, reason="He named a date.")
    [amy] = figures(store)
    assert [(each.scored, each.share) for each in amy.checklists] == [(1, 1.0)]


def test_groups_stand_in_the_order_of_their_names(store: Store):
    """Han did better than Amy and still stands after her."""
    for handle, answer in ((HANDLER, "passed"), (AGENT, "failed")):
        spoken_contacts(store, 1, by=handle)
        scored(store, drawn(store), answer=answer)
    assert [each.name for each in figures(store)] == [AGENT, HANDLER]
    assert [each.name for each in figures(store, GroupedBy.DEPARTMENT)] == ["claims", "hotline"]
    assert [(each.name, each.drawn) for each in figures(store, GroupedBy.CHANNEL)] == [("phone", 2)]


def test_contacts_of_another_period_are_left_out(store: Store, draw_id: int):
    assert figures(store, until=timedelta.resolution)[0].drawn == 3
    with store.looking() as tx:
        assert conduct_figures(tx, START + DAY, START + 2 * DAY, GroupedBy.PERSON) == []
    assert WANTED.since == START
