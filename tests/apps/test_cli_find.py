"""`closeloop case find`: cases by the words of their texts."""

from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import make_move, new_case


def found(closeloop: Closeloop, *arguments: object) -> list[str]:
    return [case["number"] for case in closeloop.json("case", "find", *arguments)["cases"]]


def test_cases_are_found_by_all_the_words_in_any_of_their_texts(closeloop: Closeloop, simulated: Store):
    broken, late = new_case(simulated, text="货物破损，请赔偿。"), new_case(simulated, text="The parcel is late.")
    make_move(simulated, late, "note", note="He calls from Hamburg.")
    assert found(closeloop, "破損") == [broken]
    assert found(closeloop, "hamburg PARCEL") == [late]
    assert found(closeloop, "hamburg 破损") == []
    assert found(closeloop, broken) == [broken]
    assert late in closeloop("case", "find", "late").out


def test_closed_cases_are_found_with_all(closeloop: Closeloop, simulated: Store):
    number = new_case(simulated, text="The parcel is late.")
    make_move(simulated, number, "withdraw")
    assert found(closeloop, "parcel") == []
    assert found(closeloop, "parcel", "--all") == [number]


def test_too_many_words_are_refused_with_the_limit(closeloop: Closeloop, simulated: Store):
    assert closeloop.refused("case", "find", "a b c d e f g h i")["code"] == "too_many_words"
