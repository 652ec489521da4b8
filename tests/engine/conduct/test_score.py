"""A score is the weight passed of the weight observed; "not observed" is neither passed nor failed (F5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.conduct.score import GivenMark, Mark, Outcome, marks_of, score_of
from engine.rules.checklists import parsed_checklist
from tests.case_actions import refusal
from tests.engine.rules.sample_rules import CHECKLIST

pytestmark = pytest.mark.requirement("F5")

PASSED, FAILED, UNSEEN = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_OBSERVED
SAMPLE = parsed_checklist(CHECKLIST, "test.toml")
"""A greeting of weight 40 and a closing of weight 60."""


def scored(*found: tuple[int, Outcome]) -> tuple[int | None, int]:
    return score_of([Mark(f"item{n}", weight, outcome) for n, (weight, outcome) in enumerate(found)])


def test_a_score_is_the_weight_that_passed():
    assert scored((40, PASSED), (60, FAILED)) == (4000, 100)
    assert scored((40, PASSED), (60, PASSED)) == (10_000, 100)
    assert scored((40, FAILED), (60, FAILED)) == (0, 100)


def test_what_was_not_observed_counts_for_nothing():
    assert scored((40, PASSED), (60, UNSEEN)) == (10_000, 40)
    assert scored((40, UNSEEN), (60, FAILED)) == (0, 60)


def test_where_nothing_was_observed_there_is_no_score():
    assert scored((40, UNSEEN), (60, UNSEEN)) == (None, 0)


def test_half_a_hundredth_of_a_point_is_rounded_up():
    """1 and 2 of 3 are 33.333… and 66.666… points of 100, 1 of 32 is 3.125."""
    assert [scored((1, PASSED), (2, FAILED))[0], scored((2, PASSED), (1, FAILED))[0]] == [3333, 6667]
    assert scored((1, PASSED), (31, FAILED)) == (313, 32)


@given(st.lists(st.tuples(st.integers(1, 100), st.sampled_from(Outcome)), min_size=1, max_size=12))
def test_a_score_changes_only_with_what_was_observed(found: list[tuple[int, Outcome]]):
    seen = [each for each in found if each[1] is not UNSEEN]
    assert scored(*found) == (scored(*seen) if seen else (None, 0))
    score, observed = scored(*found)
    assert observed == sum(weight for weight, _ in seen)
    assert score is None if not seen else score is not None and 0 <= score <= 10_000


@given(st.lists(st.tuples(st.integers(1, 100), st.sampled_from([PASSED, FAILED])), min_size=1, max_size=12))
def test_a_failed_item_that_passes_after_all_never_lowers_the_score(found: list[tuple[int, Outcome]]):
    better = [(found[0][0], PASSED), *found[1:]]
    assert (scored(*better)[0] or 0) >= (scored(*found)[0] or 0)


def test_every_item_is_marked():
    marks = {"greeting": GivenMark("passed"), "closing": GivenMark("failed", " She hung up. ")}
    assert marks_of(SAMPLE, marks) == [Mark("greeting", 40, PASSED), Mark("closing", 60, FAILED, "She hung up.")]


FAULTS = {
    "an item is left out": ({"greeting": GivenMark("passed")}, ("closing", "missing")),
    "an item has no outcome": (
        {"greeting": GivenMark(""), "closing": GivenMark("passed")},
        ("greeting", "missing"),
    ),
    "an item failed without a note": (
        {"greeting": GivenMark("passed"), "closing": GivenMark("failed", "  ")},
        ("note_closing", "note_of_failed"),
    ),
    "there is no such outcome": (
        {"greeting": GivenMark("passed"), "closing": GivenMark("perhaps")},
        ("closing", "enum"),
    ),
    "there is no such item": (
        {"greeting": GivenMark("passed"), "closing": GivenMark("passed"), "smile": GivenMark("passed")},
        ("smile", "extra_forbidden"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_marks_are_refused_where(fault: str):
    marks, found = FAULTS[fault]
    refused = refusal(lambda: marks_of(SAMPLE, marks))
    assert refused.code == "bad_request"
    assert [(each["field"], each["why"]) for each in refused.params["fields"]] == [found]
