"""The system clock of a machine is wrong: every door says so, and nothing is done by it until somebody confirms it."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from apps.watch import Watch
from engine.clock_doubt import WITNESS
from engine.settings import Settings
from flows.scheduled_work import run_scheduled
from flows.tick import drain
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.schedule import INTEGRITY, OVERNIGHT
from gateways.telephone import FakeTelephone
from statemachines.refused import Refused
from tests.apps.conftest import Closeloop
from tests.case_actions import DAY

OPEN = ("case", "open", "--text", "The parcel is lost.", "--as", "ada")
MOVED = ("case", "do", "cp-26-000001", "note", "--set", "note=Called.", "--as", "ada")


def set_clock_ahead(home: Path, by: timedelta) -> None:
    """Let the file of the home say that the machine booted earlier: as if its clock had been set since."""
    kept = json.loads((home / WITNESS).read_bytes())
    kept["booted_at"] = (datetime.fromisoformat(kept["booted_at"]) - by).isoformat()
    (home / WITNESS).write_text(json.dumps(kept))


@pytest.fixture
def wrong(closeloop: Closeloop, home: Path) -> Closeloop:
    """A real store with one case, on a machine whose clock was then set ten days ahead."""
    closeloop.json("init")
    closeloop.json("actor", "add", "ada", "--role", "administrator", "--role", "agent")
    closeloop.json(*OPEN)
    set_clock_ahead(home, 10 * DAY)
    return closeloop


def test_status_is_red_and_says_what_to_do(wrong: Closeloop):
    result = wrong("status", "--json")
    assert result.code == 2
    clock = result.document["parts"]["clock"]
    assert (clock["ok"], clock["code"]) == (False, "jumped")
    assert datetime.fromisoformat(clock["now"]) - datetime.fromisoformat(clock["expected"]) == 10 * DAY
    assert "anchor --anew" in wrong("status").output


@pytest.mark.parametrize("command", [OPEN, MOVED, ("sweep",), ("anchor",)], ids=["open", "move", "sweep", "anchor"])
def test_nothing_is_done_by_it(wrong: Closeloop, command: tuple[str, ...]):
    assert wrong.refused(*command)["code"] == "clock_jumped"
    assert len(wrong.json("case", "list")["cases"]) == 1, "reading goes on"


PACK = "policies/logistics.toml"
WRITING = {
    "merge": ("customer", "merge", "cp-26-000001", "cp-26-000002", "--reason", "One person.", "--as", "ada"),
    "part": ("customer", "part", "cp-26-000001", "cp-26-000002", "--reason", "Two people.", "--as", "ada"),
    "publish": ("policy", "publish", PACK, "--reason", "Decision 7.", "--effective", "2030-01-01", "--as", "ada"),
    "interpret": ("policy", "interpret", "logistics", "reply", "--text", "In working hours.", "--as", "ada"),
    "calendar": ("calendar", "override", "china", "--off", "2030-01-02", "--reason", "Moving.", "--as", "ada"),
    "add": ("actor", "add", "amy", "--role", "agent", "--as", "ada"),
    "set": ("actor", "set", "ada", "--email", "ada@example.com", "--as", "ada"),
    "disable": ("actor", "disable", "ada", "--as", "ada"),
    "enable": ("actor", "enable", "ada", "--as", "ada"),
    "department": ("department", "add", "claims", "--as", "ada"),
    "code": ("code", "--for", "ada", "--as", "ada"),
    "dead": ("dead", "retry", "--all", "--as", "ada"),
    "migrate": ("lifecycle", "migrate"),
}
"""Commands that write what is judged, or found, by its instant."""


@pytest.mark.parametrize("command", WRITING.values(), ids=WRITING)
def test_nothing_that_decides_is_written_by_it(wrong: Closeloop, command: tuple[str, ...]):
    assert wrong.refused(*command)["code"] == "clock_jumped"


def test_the_first_administrator_is_added_all_the_same(closeloop: Closeloop, home: Path):
    """Without one nobody could confirm the clock: it was set right after `init`, as on a machine just installed."""
    closeloop.json("init")
    set_clock_ahead(home, 10 * DAY)
    assert closeloop.json("actor", "add", "ada", "--role", "administrator")["new"]
    assert closeloop.refused("actor", "add", "amy", "--role", "agent", "--as", "ada")["code"] == "clock_jumped"
    closeloop.json("anchor", "--anew", "The clock is right now.", "--as", "ada")
    assert closeloop.json("actor", "add", "amy", "--role", "agent", "--as", "ada")["new"]


def test_an_administrator_confirms_it(wrong: Closeloop):
    assert wrong.json("anchor", "--anew", "The clock is right now.", "--as", "ada")["made"]
    assert wrong("status", "--json").document["parts"]["clock"]["ok"]
    wrong.json(*OPEN)
    wrong.json("anchor")


def test_the_driver_waits_and_the_night_says_so(wrong: Closeloop):
    store = Settings().store()
    work = Work(store, FakeMailer(), FakeTelephone(), "en")
    lines: list[str] = []
    work.log = lambda text, level=0: lines.append(text.key)
    try:
        for automatic in (drain(work), run_scheduled(work, OVERNIGHT)):
            with pytest.raises(Refused) as refused:
                asyncio.run(automatic)
            assert refused.value.code == "clock_jumped"
        asyncio.run(run_scheduled(work, INTEGRITY))
        assert "log.clock_jumped" in lines
        watch = Watch()
        watch.failed(refused.value, store.now())
        assert watch.trouble is not None
        assert watch.trouble[0] == "clock_jumped", "the outage in the morning report has this reason"
        with store.looking() as tx:
            assert tx.row("SELECT count(*) AS n FROM anchor").n == 1, "that of init"
    finally:
        store.close()
