"""Each case number in an artifact is a link to the page of its case; drawings and links stay as they are."""

import pytest

from engine.store import Store
from flows.prefect_ui.case_links import case_link, link_cases, overdue_numbers
from flows.work import Work
from tests.case_actions import DAY, HOUR, make_move, new_case
from tests.flows.scenes import DAMAGE, drained

LINK = "[cp-26-000007](../../artifacts/key/cp-26-000007)"


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("| cp-26-000007 | 2 |", f"| {LINK} | 2 |"),
        ("cp-26-000007、cp-26-000007", f"{LINK}、{LINK}"),
        (LINK, LINK),
        ("closeloop.case.cp-26-000007-x", "closeloop.case.cp-26-000007-x"),
        ("run `closeloop case show cp-26-000007`", "run `closeloop case show cp-26-000007`"),
        ("```mermaid\ncp-26-000007\n```\ncp-26-000007", f"```mermaid\ncp-26-000007\n```\n{LINK}"),
    ],
)
def test_a_number_becomes_a_link_once_and_only_in_text(text: str, linked: str):
    assert link_cases(text) == linked
    assert link_cases(linked) == linked


def test_a_link_is_made_of_the_number_alone():
    assert case_link("cp-26-000007") == LINK


def test_the_overdue_are_listed_with_the_highest_level_first(work: Work):
    store: Store = work.store
    early = new_case(store, text=DAMAGE)
    late = new_case(store, HOUR, text=DAMAGE)
    kept = new_case(store, text=DAMAGE)
    make_move(store, kept, "classify")
    make_move(store, kept, "reply")
    drained(work, 2.5 * HOUR)
    assert list(overdue_numbers(store, store.now())) == [early]
    drained(work, DAY / 2)
    assert overdue_numbers(store, store.now()) == {early: 3, late: 3}
    assert list(overdue_numbers(store, store.now())) == [early, late], "the longest wait first"
