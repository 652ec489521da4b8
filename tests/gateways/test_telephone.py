"""The telephone: in production people call from a list; the fake answers by its script, else does not answer."""

import pytest

from gateways.telephone import Call, CallList, FakeTelephone, Handed, Missed, Reached
from statemachines.forms import Unanswered


def call(attempt: int = 1, row_id: str | None = "W-1") -> Call:
    return Call(f"cp-26-000001:callback:1:{attempt}", "000-5550-1037", attempt, row_id)


def test_the_real_telephone_is_a_person():
    assert CallList().call(call()) == Handed()


def test_the_fake_answers_attempt_by_attempt():
    survey = {"outcome": "satisfied", "quality": 5}
    telephone = FakeTelephone({"W-1": ("busy", survey)})
    assert telephone.call(call(1)) == Missed("busy")
    assert telephone.call(call(2)) == Reached(survey)
    assert telephone.call(call(3)) == Missed("no_answer")
    assert [made.attempt for made in telephone.rung] == [1, 2, 3]


@pytest.mark.parametrize("row_id", ["W-2", "", None])
def test_without_an_entry_in_the_script_nobody_answers(row_id: str | None):
    assert FakeTelephone({"W-1": ("busy",)}).call(call(row_id=row_id)) == Missed("no_answer")
    assert FakeTelephone().call(call(row_id=row_id)) == Missed("no_answer")


def test_a_call_made_again_gets_the_same_answer():
    telephone = FakeTelephone({"W-1": ("busy", {"outcome": "satisfied"})})
    assert telephone.call(call(2)) == telephone.call(call(2))


def test_no_answer_is_a_reason_that_the_form_accepts():
    answer = FakeTelephone().call(call())
    assert isinstance(answer, Missed)
    assert Unanswered(answer.reason) is Unanswered.NO_ANSWER
