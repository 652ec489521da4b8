"""``investigated`` is renamed with a case in it and one that will return to it: every command still reads both."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from apps.status import check_health
from apps.up import drive_here
from engine.settings import Settings
from engine.store import Store
from flows.tick import drain
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.telephone import FakeTelephone
from locales.translation import label
from reports.board import gather
from reports.board_text import render
from statemachines.complaint import COMPLAINT
from statemachines.kinds import replaced
from statemachines.lifecycle import Retired
from tests.apps.conftest import Closeloop
from tests.case_actions import HOUR, START, make_move, new_case, refusal
from tests.engine.retirement.test_lifecycle_check import without_entry
from tests.renaming import Renames, renamed

NEXT = renamed(COMPLAINT, Renames({"investigated": "examined"}, {"investigate": "examine"}, {"solution": "remedy"}))
UNSAFE = without_entry(NEXT, "state")


@pytest.fixture
def numbers(simulated: Store) -> list[str]:
    """The numbers of a case in ``investigated`` and of one that waits for the customer and returns to it."""
    investigated, waiting = new_case(simulated), new_case(simulated)
    for number in (investigated, waiting):
        make_move(simulated, number, "classify")
        make_move(simulated, number, "investigate")
    make_move(simulated, waiting, "ask_customer")
    return [investigated, waiting]


def test_verify_raises_no_false_alarm(closeloop: Closeloop, numbers: list[str]):
    with replaced(NEXT):
        assert closeloop.json("verify")["ok"] is True


def test_the_board_loses_no_case(closeloop: Closeloop, simulated: Store, numbers: list[str]):
    before = closeloop.json("board")
    with replaced(NEXT):
        assert closeloop.json("board") == before
        text = render(gather(simulated, START), "en")
    assert "investigated" not in text


def test_the_list_finds_the_cases_by_the_new_name_and_by_the_old_one(closeloop: Closeloop, numbers: list[str]):
    with replaced(NEXT):
        for state in ("examined", "investigated"):
            rows = closeloop.json("case", "list", "--state", state)["cases"]
            assert [(row["number"], row["state"]) for row in rows] == [(numbers[0], "examined")]


def test_a_case_shows_its_state_and_allowed_moves_under_new_names(closeloop: Closeloop, numbers: list[str]):
    investigated, waiting = numbers
    with replaced(NEXT):
        shown = closeloop.json("case", "show", investigated)
        assert shown["state"] == "examined"
        assert "resolve" in shown["allowed"]
        assert {timer["clause"] for timer in shown["clocks"]} >= {"remedy", "first_reply"}
        assert "customer_answers" in closeloop.json("case", "show", waiting)["allowed"]


def test_the_history_shows_recorded_names_with_current_labels(closeloop: Closeloop, numbers: list[str]):
    with replaced(NEXT):
        moves = [transition["move"] for transition in closeloop.json("case", "history", numbers[0])["transitions"]]
        assert moves == ["open", "classify", "investigate"]
        assert label("en", "complaint", "move", "investigate") in closeloop("case", "history", numbers[0]).output
    with replaced(replace(COMPLAINT, retired=(Retired("sorted", "classified"),))):
        assert label("en", "complaint", "state", "sorted") == label("en", "complaint", "state", "classified")


def test_the_check_and_the_migration_at_the_command_line(
    closeloop: Closeloop, simulated: Store, numbers: list[str], tmp_path: Path
):
    file = tmp_path / "before.backup"
    closeloop.json("backup", file)
    with replaced(NEXT):
        checked = closeloop.json("lifecycle", "check")
        assert checked["ok"] is True
        assert [kind["to_carry"] for kind in checked["kinds"] if kind["kind"] == "complaint"] == [2]
        assert closeloop.json("lifecycle", "check", file)["kinds"] == checked["kinds"]
        assert "examined" in closeloop("lifecycle", "check").output
        assert closeloop.json("lifecycle", "migrate") == {"ok": True, "carried_over": 2, "failed": []}
        assert closeloop.json("lifecycle", "check")["to_carry"] == 0
        assert closeloop.json("verify")["ok"] is True
        answered = closeloop.json(
            "case", "do", numbers[1], "customer_answers", "--set", "answer=Sunday.", "--as", "sue"
        )
        assert answered["state"] == "examined"


def test_a_store_that_would_lose_something_is_refused(
    closeloop: Closeloop, simulated: Store, sqlite_settings: Settings, numbers: list[str]
):
    with replaced(UNSAFE):
        result = closeloop("lifecycle", "check", "--json")
        assert (result.code, json.loads(result.out)["ok"]) == (2, False)
        assert "LOST" in closeloop("lifecycle", "check").output
        assert closeloop.refused("lifecycle", "migrate")["code"] == "lifecycle_unsafe"
        refused = refusal(lambda: asyncio.run(drive_here(sqlite_settings, lambda *_, **__: None)))
        assert refused.code == "lifecycle_unsafe"


STATUS = {"needs": (NEXT, True), "unsafe": (UNSAFE, False), "current": (COMPLAINT, True)}


@pytest.mark.parametrize("code", STATUS)
def test_the_status_names_a_store_that_needs_to_be_carried_over(
    simulated: Store, sqlite_settings: Settings, numbers: list[str], code: str
):
    table, ok = STATUS[code]
    with replaced(table):
        [part] = [part for part in check_health(sqlite_settings, simulated) if part.part == "lifecycles"]
        assert (part.ok, part.code) == (ok, code)
        assert "closeloop lifecycle" in part.text("en") or code == "current"


def test_waiting_mails_are_sent_after_the_rename(simulated: Store, numbers: list[str]):
    mailer = FakeMailer()
    work = Work(simulated, mailer, FakeTelephone())
    with replaced(NEXT):
        make_move(simulated, numbers[0], "escalate", after=HOUR, level=1)
        asyncio.run(drain(work))
    assert all("{" not in mail.body for mail in mailer.sent)
    assert [mail for mail in mailer.sent if numbers[0] in mail.subject]


def test_an_exported_log_has_current_names_only(
    closeloop: Closeloop, simulated: Store, numbers: list[str], tmp_path: Path
):
    file = tmp_path / "log.jsonl"
    with replaced(NEXT):
        closeloop.json("lifecycle", "migrate")
        closeloop.json("export", "--format", "jsonl", "--out", file)
    text = file.read_text("utf-8")
    assert '"examine"' in text
    assert '"investigate"' not in text
