"""What is computed once for the lifecycles in force."""

from engine.retired_names import recorded_as
from statemachines.complaint import COMPLAINT
from statemachines.kinds import kept_with_lifecycles, replaced
from tests.renaming import Renames, renamed


def test_an_answer_is_computed_once_for_its_arguments():
    asked: list[str] = []

    @kept_with_lifecycles(2)
    def answer(name: str) -> str:
        asked.append(name)
        return name.upper()

    assert [answer("a"), answer("a"), answer("b"), answer("a")] == ["A", "A", "B", "A"]
    assert asked == ["a", "b"]


def test_other_lifecycles_have_answers_of_their_own():
    before = recorded_as("move", "withdraw")
    with replaced(renamed(COMPLAINT, Renames(moves={"withdraw": "take_back"}))):
        assert recorded_as("move", "take_back") == "'take_back', 'withdraw'"
    assert recorded_as("move", "take_back") == "'take_back'"
    assert recorded_as("move", "withdraw") == before
