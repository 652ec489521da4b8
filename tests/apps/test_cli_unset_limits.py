"""What the command line says of limits that the policy pack does not set."""

import pytest

from engine.store import Store
from tests.apps.conftest import Closeloop

pytestmark = pytest.mark.requirement("A5")

OPEN = ("case", "open", "--text", "The box is broken.", "--pack", "general", "--as", "amy")
MARKS = {
    "en": ("Limit not set", "limit not set", "First reply"),
    "zh_CN": ("尚未设定时限", "时限未设定", "初步回复"),
    "zh_TW": ("尚未設定時限", "時限未設定", "初步回覆"),
}


def test_opening_and_clocks_name_the_clauses_for_programs(closeloop: Closeloop, simulated: Store):
    opened = closeloop.json(*OPEN)
    assert opened["limits_not_set"] == ["first_reply", "solution", "revisit"]
    clocks = closeloop.json("case", "clocks", opened["case"])
    assert (clocks["clocks"], clocks["limits_not_set"]) == ([], ["first_reply", "solution"])
    assert closeloop.json("case", "show", opened["case"])["limits_not_set"] == ["first_reply", "solution"]


@pytest.mark.parametrize("locale", MARKS)
def test_opening_and_clocks_name_the_clauses_in_the_readers_language(
    closeloop: Closeloop, simulated: Store, locale: str
):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    at_opening, in_clocks, clause = MARKS[locale]
    opened = closeloop(*OPEN).output
    assert at_opening in opened
    assert clause in opened
    number = closeloop.json("case", "list")["cases"][0]["number"]
    clocks = closeloop("case", "clocks", number).output
    assert in_clocks in clocks
    assert clause in clocks
