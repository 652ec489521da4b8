"""``investigated`` is renamed with cases in it, and waiting for the customer from it: every command knows them."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from apps.status import look_around
from apps.up import drive_here
from engine.settings import Settings
from engine.store import Store
from flows.tick import settle
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
from tests.engine.retirement.test_lifecycle_check import without_entry
from tests.renaming import Renames, renamed
from tests.telling import HOUR, START, does, opened, refusal

NEXT = renamed(COMPLAINT, Renames({"investigated": "examined"}, {"investigate": "examine"}, {"solution": "remedy"}))
UNSAFE = without_entry(NEXT, "state")


@pytest.fixture
def numbers(simulated: Store) -> list[str]:
    """A case in ``investigated``, and one that waits for the customer from it."""
    there, waits = opened(simulated), opened(simulated)
    for number in (there, waits):
        does(simulated, number, "classify")
        does(simulated, number, "investigate")
    does(simulated, waits, "ask_customer")
    return [there, waits]


def test_verify_raises_no_false_alarm(closeloop: Closeloop, numbers: list[str]):
    with replaced(NEXT):
        assert closeloop.told("verify")["ok"] is True


def test_the_board_loses_no_case(closeloop: Closeloop, simulated: Store, numbers: list[str]):
    before = closeloop.told("board")
    with replaced(NEXT):
        assert closeloop.told("board") == before
        text = render(gather(simulated, START), "en")
    assert "investigated" not in text


def test_the_list_finds_the_cases_by_the_new_name_and_by_the_old_one(closeloop: Closeloop, numbers: list[str]):
    with replaced(NEXT):
        for state in ("examined", "investigated"):
            found = closeloop.told("case", "list", "--state", state)["cases"]
            assert [(one["number"], one["state"]) for one in found] == [(numbers[0], "examined")]


def test_a_case_shows_where_it_stands_and_what_may_be_done(closeloop: Closeloop, numbers: list[str]):
    there, waits = numbers
    with replaced(NEXT):
        shown = closeloop.told("case", "show", there)
        assert shown["state"] == "examined"
        assert "resolve" in shown["allowed"]
        assert {one["clause"] for one in shown["clocks"]} >= {"remedy", "first_reply"}
        assert "customer_answers" in closeloop.told("case", "show", waits)["allowed"]


def test_the_history_keeps_what_was_recorded_under_a_label_people_know(closeloop: Closeloop, numbers: list[str]):
    with replaced(NEXT):
        moves = [one["move"] for one in closeloop.told("case", "history", numbers[0])["transitions"]]
        assert moves == ["open", "classify", "investigate"]
        assert label("en", "complaint", "move", "investigate") in closeloop("case", "history", numbers[0]).words
    with replaced(replace(COMPLAINT, retired=(Retired("sorted", "classified"),))):
        assert label("en", "complaint", "state", "sorted") == label("en", "complaint", "state", "classified")


def test_the_check_and_the_migration_at_the_command_line(
    closeloop: Closeloop, simulated: Store, numbers: list[str], tmp_path: Path
):
    file = tmp_path / "before.backup"
    closeloop.told("backup", file)
    with replaced(NEXT):
        checked = closeloop.told("lifecycle", "check")
        assert checked["ok"] is True
        assert [one["to_carry"] for one in checked["kinds"] if one["kind"] == "complaint"] == [2]
        assert closeloop.told("lifecycle", "check", file)["kinds"] == checked["kinds"]
        assert "examined" in closeloop("lifecycle", "check").words
        assert closeloop.told("lifecycle", "migrate") == {"ok": True, "carried_over": 2, "failed": []}
        assert closeloop.told("lifecycle", "check")["to_carry"] == 0
        assert closeloop.told("verify")["ok"] is True
        answered = closeloop.told(
            "case", "do", numbers[1], "customer_answers", "--set", "answer=Sunday.", "--as", "sue"
        )
        assert answered["state"] == "examined"


def test_a_store_that_would_lose_something_is_refused(
    closeloop: Closeloop, simulated: Store, sqlite_settings: Settings, numbers: list[str]
):
    with replaced(UNSAFE):
        said = closeloop("lifecycle", "check", "--json")
        assert (said.code, json.loads(said.out)["ok"]) == (2, False)
        assert "LOST" in closeloop("lifecycle", "check").words
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
        [part] = [one for one in look_around(sqlite_settings, simulated) if one.part == "lifecycles"]
        assert (part.ok, part.code) == (ok, code)
        assert "closeloop lifecycle" in part.text("en") or code == "current"


def test_letters_that_wait_go_out_after_the_rename(simulated: Store, numbers: list[str]):
    mailer = FakeMailer()
    work = Work(simulated, mailer, FakeTelephone())
    with replaced(NEXT):
        does(simulated, numbers[0], "escalate", after=HOUR, level=1)
        asyncio.run(settle(work))
    assert all("{" not in mail.body for mail in mailer.sent)
    assert [mail for mail in mailer.sent if numbers[0] in mail.subject]


def test_an_exported_log_speaks_one_language(
    closeloop: Closeloop, simulated: Store, numbers: list[str], tmp_path: Path
):
    file = tmp_path / "log.jsonl"
    with replaced(NEXT):
        closeloop.told("lifecycle", "migrate")
        closeloop.told("export", "--format", "jsonl", "--out", file)
    text = file.read_text("utf-8")
    assert '"examine"' in text
    assert '"investigate"' not in text
