"""What is overdue at the command line: first in the report and on the board, readable at 80 columns, whole in JSON."""

import pytest
from rich.cells import cell_len

from engine.create_store import set_clock
from engine.store import Store
from locales.translation import locales
from tests.apps.conftest import Closeloop
from tests.case_actions import AGENT, DAY, DIRECTOR, HANDLER, HOUR, MICROSECOND, START, SUPERVISOR, make_move, new_case

pytestmark = pytest.mark.requirement("B11")

SCREEN = 50
"""The lines of a terminal."""
FORTNIGHT = DAY * 13 + HOUR * 22.5
ORDER = ("low", "normal", "high", "urgent")


@pytest.fixture
def silent(closeloop: Closeloop, simulated: Store) -> list[str]:
    """Three complaints that nobody answers for a fortnight, and one of yesterday; the store lives day by day."""
    numbers = [new_case(simulated, HOUR * hour) for hour in range(3)]
    for day in range(14):
        set_clock(simulated, START + DAY * day)
        closeloop.json("sweep")
    numbers.append(new_case(simulated, FORTNIGHT - HOUR * 2.5))
    set_clock(simulated, START + FORTNIGHT)
    closeloop.json("sweep")
    return numbers


def test_nobody_is_forgotten_in_a_fortnight_of_silence(closeloop: Closeloop, silent: list[str]):
    for command in ("report", "board"):
        overdue = closeloop.json(command)["overdue"]
        assert [promise["case"] for promise in overdue if promise["promise"] == "first_reply"] == silent
        assert {(promise["level"], *promise["asked"]) for promise in overdue[:-1]} == {(3, DIRECTOR)}
        assert (overdue[-1]["level"], overdue[-1]["asked"]) == (1, [SUPERVISOR])
        assert overdue[0]["due_at"].startswith("2026-03-02T03:00:00"), "broken two hours after it came"
    for command in ("report", "board"):
        shown = closeloop(command).out
        assert "nothing needs a person" not in shown
        places = [shown.index(text) for text in ("Still overdue (4)", "General manager · gao (3)", *silent)]
        assert places == sorted(places), f"{command}: the general manager's cases first"
        assert "13 d 20 h" in shown
        assert "nobody yet" in shown


@pytest.fixture
def busy(closeloop: Closeloop, simulated: Store) -> Store:
    """Thirty cases at every level, in a department and in none; some are due today, one is paused."""
    for n in range(30):
        after = HOUR * n
        number = new_case(simulated, after, customer_type=("individual", "key_account")[n % 2])
        if n % 3:
            where = ("claims", None)[n % 2]
            make_move(simulated, number, "classify", by=AGENT, after=after, severity=ORDER[n % 4], department=where)
            make_move(simulated, number, "reply", after=after + HOUR)
        if n % 3 == 2:
            make_move(simulated, number, "assign", after=after + HOUR, owner=HANDLER)
        if n == 7:
            make_move(simulated, number, "ask_customer", after=after + DAY * 1.1)
    for hours in range(2, 51, 4):
        set_clock(simulated, START + HOUR * hours + MICROSECOND)
        closeloop.json("sweep")
    return simulated


@pytest.mark.parametrize("locale", locales())
def test_thirty_cases_take_at_most_two_screens(closeloop: Closeloop, busy: Store, locale: str):
    overdue = {promise["case"] for promise in closeloop.json("report")["overdue"]}
    assert len(overdue) > 20
    closeloop.patch.setenv("COLUMNS", "80")
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    for command in ("report", "board"):
        shown = closeloop(command).out
        lines = shown.splitlines()
        assert max(map(cell_len, lines)) <= 80
        assert [mark for mark in ("…", "mermaid", "**", "{") if mark in shown] == []
        assert [number for number in sorted(overdue) if shown.count(number) != 1] == [], "each stands there once"
        assert len(lines) <= 2 * SCREEN, f"{command} in {locale}: {len(lines)} lines"
