"""The training commands: a year's plan, and who holds which certificate until when (J1, J2)."""

import pytest

from engine.actors import NewActor, add_actor
from engine.store import Store
from locales.translation import locales
from statemachines.roles import Role
from tests.apps.conftest import Closeloop
from tests.case_actions import HANDLER, MANAGER, START, SUPERVISOR

pytestmark = pytest.mark.requirement("J2")

HERA, QUIN = "hera", "quin"


@pytest.fixture
def certified(closeloop: Closeloop, simulated: Store) -> str:
    """The number of a training by which han holds a certificate."""
    with simulated.writing() as tx:
        add_actor(tx, NewActor(HERA, (Role.HR,)))
        add_actor(tx, NewActor(QUIN, (Role.QUALITY_TEAM,)))
    opened = closeloop.json("case", "open", "--kind", "training", "--text", "For new staff.", "--as", SUPERVISOR)
    number = opened["case"]

    def do(by: str, move: str, *fields: str) -> None:
        options = [part for field in fields for part in ("--set", field)]
        closeloop.json("case", "do", number, move, *options, "--as", by)

    do(SUPERVISOR, "propose", "course=service", f"trainee={HANDLER}", "department=claims")
    do(HERA, "plan", "due_at=2026-03-20T09:00:00+08:00")
    do(QUIN, "attend", "attended=8", f"held_at={START.isoformat()}")
    do(QUIN, "examine", "theory=80", "practice=70", "attitude=90", "evidence=The papers.")
    do(HERA, "certify")
    return number


@pytest.mark.requirement("J1")
def test_the_plan_counts_and_the_certificates_are_listed(closeloop: Closeloop, certified: str):
    [course] = closeloop.json("training", "plan", "--year", "2026")["courses"]
    assert course == {
        "course": "service", "department": "claims", "enrolled": 1, "attended": 1, "passed": 1, "certified": 1,
        "retests": 0, "judged": 0, "lasting": 0,
    }  # fmt: skip
    [held] = closeloop.json("training", "certificates")["certificates"]
    assert (held["number"], held["trainee"], held["ends_at"][:10]) == (certified, HANDLER, "2027-03-02")
    assert closeloop.json("training", "plan", "--year", "2025")["courses"] == []


def test_whether_a_training_lasted_stands_in_the_plan(closeloop: Closeloop, certified: str):
    lasting = ("--set", "lasting=true", "--set", "evidence=No complaint since.")
    closeloop.json("case", "do", certified, "judge_effect", *lasting, "--as", MANAGER)
    [course] = closeloop.json("training", "plan", "--year", "2026")["courses"]
    assert (course["judged"], course["lasting"]) == (1, 1)


@pytest.mark.parametrize("locale", locales())
def test_both_are_shown_in_every_language(closeloop: Closeloop, certified: str, locale: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    for command in ("plan", "certificates"):
        shown = closeloop("training", command)
        assert shown.code == 0
        assert "service" in shown.out
        assert "staff_matters." not in shown.out
