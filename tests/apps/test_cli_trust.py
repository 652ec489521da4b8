"""The command line as a door: the record names the operating-system user, who may be bound to act as himself (H4)."""

import os
import pwd
from pathlib import Path

import pytest

from engine.access.doors import door_of, system_user, user_of
from engine.access.reading_log import log_reading
from engine.actors import NewActor, add_actor
from engine.store import Store
from statemachines.roles import Role
from tests.apps.conftest import Closeloop
from tests.case_actions import AUDITOR, START, case_of, history_of, query_rows
from tests.engine.access.people import principal

pytestmark = pytest.mark.requirement("H4")

USER = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def bound(closeloop: Closeloop, simulated: Store) -> Closeloop:
    """The command line on which everybody acts as himself only."""
    with simulated.writing() as tx:
        add_actor(tx, NewActor(USER, (Role.AGENT,), "hotline"))
    closeloop.patch.setenv("CLOSELOOP_CLI_ACTORS", "self")
    return closeloop


def test_a_move_is_recorded_with_the_user_who_made_it(closeloop: Closeloop, simulated: Store, number: str):
    closeloop.json("case", "do", number, "note", "--set", "note=He called.", "--as", "sue")
    closeloop.json("case", "follow-up", number, "--text", "Still broken.", "--as", "amy")
    assert {row["via"] for row in history_of(simulated, number)} == {f"cli:{USER}"}
    [first, *_] = closeloop.json("case", "history", number)["transitions"]
    assert (first["via"], first["system_user"], first["actor"]) == ("cli", USER, "amy")
    assert f"command line · {USER}" in closeloop("case", "history", number).out
    assert closeloop.json("verify")["ok"]


def test_no_variable_of_the_environment_names_another_user(monkeypatch: pytest.MonkeyPatch):
    for name in ("USER", "LOGNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "somebody")
    assert system_user() == USER


@pytest.mark.parametrize("via", ["cli", "api", "timer", "prefect-form"])
def test_other_doors_name_no_user(via: str):
    assert (door_of(via), user_of(via)) == (via, None)


def test_an_exported_history_names_the_door_and_not_the_user(closeloop: Closeloop, number: str, tmp_path: Path):
    closeloop("export", "--format", "csv", "--out", tmp_path / "log.csv")
    exported = (tmp_path / "log.csv").read_text("utf-8")
    assert ",cli," in exported
    assert f"cli:{USER}" not in exported


@pytest.mark.parametrize(
    "command",
    [
        "case open --text Broken --as amy",
        "case do {number} note --set note=x --as sue",
        "case show {number} --as sue",
        "actor set sue --email s@example.com --as gao",
        "refused --as odd",
    ],
)
def test_nobody_acts_as_somebody_else_where_it_is_switched_off(bound: Closeloop, simulated: Store, command: str):
    bound.patch.setenv("CLOSELOOP_ACTOR", USER)
    number = bound.json("case", "open", "--text", "Broken")["case"]
    before = query_rows(simulated, "SELECT count(*) AS n FROM transition")
    refused = bound.refused(*command.format(number=number).split())
    assert (refused["code"], refused["params"]["user"]) == ("not_yourself", USER)
    assert query_rows(simulated, "SELECT count(*) AS n FROM transition") == before


def test_the_default_actor_is_bound_as_well(bound: Closeloop):
    bound.patch.setenv("CLOSELOOP_ACTOR", "sue")
    assert bound.refused("case", "open", "--text", "Broken")["code"] == "not_yourself"


def test_everybody_acts_as_himself(bound: Closeloop):
    assert bound.json("case", "open", "--text", "Broken", "--as", USER)["state"] == "received"


def test_a_rule_that_does_not_exist_is_refused(bound: Closeloop):
    bound.patch.setenv("CLOSELOOP_CLI_ACTORS", "nobody")
    assert bound.refused("case", "open", "--text", "Broken", "--as", USER)["code"] == "bad_cli_actors"


@pytest.mark.requirement("H1")
def test_an_auditor_searches_who_read_what(closeloop: Closeloop, simulated: Store, number: str):
    ann, bob = principal(simulated, Role.AUDITOR, "ann"), principal(simulated, Role.AGENT, "bob")
    case_id = case_of(simulated, number)["id"]
    with simulated.writing() as tx:
        log_reading(tx, ann, [case_id], ["phone"], START, "Check of a call")
        log_reading(tx, bob, [case_id], ["name", "texts"], START)
    assert [row["actor"] for row in closeloop.json("readings", "--as", AUDITOR)["readings"]] == ["bob", "ann"]
    [reading] = closeloop.json("readings", "--case", number, "--by", "ann", "--as", AUDITOR)["readings"]
    assert (reading["via"], reading["fields"], reading["reason"]) == ("api", ["phone"], "Check of a call")
    shown = closeloop("readings", "--since", START.isoformat(), "--as", AUDITOR).out
    assert "telephone number" in shown
    assert "name, texts" in shown
    assert closeloop.refused("readings", "--as", "sue")["code"] == "not_in_charge"
