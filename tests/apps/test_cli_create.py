"""Making a store and looking after it: init, actors, verify, diagram, status."""

import json
from pathlib import Path

import pytest

from apps.xml_parser import xml_parser_health
from engine.create_store import set_clock
from engine.outbox.mails import ComposedMail, queue_mails
from engine.runs import Done, hold, keep
from engine.store import Store
from statemachines.complaint import COMPLAINT
from tests.apps.conftest import Closeloop
from tests.case_actions import HOUR, START, execute_sql

AT = "2011-04-01T00:00+08:00"


def test_init_makes_a_store_and_then_changes_nothing(closeloop: Closeloop, home: Path):
    first = closeloop.json("init")
    assert (first["home"], first["new"], first["simulated"]) == (str(home.resolve()), True, False)
    secret = (home / "secret").read_bytes()
    assert (home / "secret").stat().st_mode & 0o077 == 0
    assert closeloop.json("init")["new"] is False
    assert (home / "secret").read_bytes() == secret
    assert [one["handle"] for one in closeloop.json("actor", "list")["actors"]] == ["import", "system"]


def test_a_simulated_store_begins_at_its_instant(closeloop: Closeloop):
    for new in (True, False):
        made = closeloop.json("init", "--simulated", "--at", AT)
        assert (made["new"], made["simulated"], made["now"]) == (new, True, "2011-03-31T16:00:00+00:00")


@pytest.mark.parametrize(
    "words", [(), ("--simulated", "--at", "2011-04-02T00:00+08:00")], ids=["a real one", "one of another day"]
)
def test_a_different_store_is_refused(closeloop: Closeloop, words: tuple[str, ...]):
    closeloop.json("init", "--simulated", "--at", AT)
    refused = closeloop.refused("init", *words)
    assert (refused["code"], refused["params"]["kind"]) == ("other_store", "simulated")
    assert "CLOSELOOP_HOME" in refused["text"]
    assert closeloop.json("init", "--simulated", "--at", AT)["new"] is False


def test_a_real_store_is_no_simulated_one(closeloop: Closeloop):
    closeloop.json("init")
    assert closeloop.refused("init", "--simulated", "--at", AT)["params"]["kind"] == "real"


def test_another_secret_is_refused(closeloop: Closeloop):
    closeloop.json("init")
    closeloop.patch.setenv("CLOSELOOP_SECRET", "another-secret-of-the-tests")
    assert closeloop.refused("init")["code"] == "other_secret"


@pytest.mark.parametrize("words", [("--simulated",), ("--at", AT)])
def test_simulated_and_at_go_together(closeloop: Closeloop, home: Path, words: tuple[str, ...]):
    assert closeloop.refused("init", *words)["code"] == "simulated_needs_at"
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("at", ["yesterday", "2011-04-01", "2011-04-01T00:00"])
def test_an_instant_has_its_offset(closeloop: Closeloop, home: Path, at: str):
    assert closeloop.refused("init", "--simulated", "--at", at)["params"]["value"].startswith(at)
    assert list(home.iterdir()) == []


ADD = ("actor", "add", "li.na", "--role", "agent", "--role", "handler", "--department", "claims", "--boss", "sue")


def test_an_actor_is_added_once(closeloop: Closeloop, simulated: Store):
    assert closeloop.json(*ADD) == {"handle": "li.na", "new": True}
    assert closeloop.json(*ADD) == {"handle": "li.na", "new": False}
    [found] = [one for one in closeloop.json("actor", "list")["actors"] if one["handle"] == "li.na"]
    assert found == {
        "handle": "li.na",
        "name": None,
        "phone": None,
        "roles": ["agent", "handler"],
        "department": "claims",
        "boss": "sue",
        "locale": "zh_CN",
        "email": None,
        "zone": None,
        "disabled_at": None,
        "absent_from": None,
        "absent_until": None,
        "deputy": None,
        "available": True,
    }
    assert "Customer service agent, Handler" in closeloop("actor", "list").output


@pytest.mark.parametrize("other", [("--email", "l@example.com"), ("--role", "auditor"), ("--department", "billing")])
def test_an_actor_with_other_particulars_is_refused(closeloop: Closeloop, simulated: Store, other: tuple[str, ...]):
    closeloop.json(*ADD)
    assert closeloop.refused(*ADD, *other)["code"] == "actor_exists"


def test_an_unknown_role_is_refused_with_the_known_ones(closeloop: Closeloop, simulated: Store):
    refused = closeloop.refused("actor", "add", "bo", "--role", "boss")
    assert (refused["code"], refused["params"]["role"]) == ("unknown_role", "boss")
    assert "team_supervisor" in refused["text"]


def test_a_whole_record_is_verified(closeloop: Closeloop, number: str):
    found = closeloop.json("verify")
    assert (found["ok"], found["cases"], found["transitions"], found["faults"]) == (True, 1, 1, [])


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("UPDATE transition SET form = '{}'", "hash"),
        ("UPDATE cases SET level = 3", "row"),
        ("UPDATE statement SET content = 'It was perfect.'", "statement_text"),
        ("UPDATE cases SET head = 'f'", "head"),
    ],
)
def test_a_tampered_record_is_found_with_its_place(
    closeloop: Closeloop, simulated: Store, number: str, sql: str, what: str
):
    assert execute_sql(simulated, sql) == 1
    said = closeloop("verify", "--json")
    assert (said.code, said.document["ok"]) == (2, False)
    assert {"case": number, "seq": 1, "what": what} in said.document["faults"]
    shown = closeloop("verify")
    assert shown.code == 2
    assert f"{number} │ 1 │ {what}" in shown.output


def test_the_diagram_is_drawn_from_the_table(closeloop: Closeloop):
    drawn = closeloop("diagram", "complaint")
    assert drawn.code == 0
    assert drawn.out.startswith("stateDiagram-v2\n")
    assert all(state in drawn.out for state in COMPLAINT.state)
    assert closeloop.json("diagram", "complaint") == {"kind": "complaint", "mermaid": drawn.out}
    refused = closeloop.refused("diagram", "parcel")["params"]
    assert refused["kind"] == "parcel"
    assert {"complaint", "consultation"} <= set(refused["known"]), "kinds and the natures that decide them"


def test_a_simulated_store_needs_neither_driver_nor_server(closeloop: Closeloop, simulated: Store):
    parts = closeloop.json("status")["parts"]
    assert set(parts) == {"database", "timers", "driver", "schedules", "outbox", "notices", "lifecycles", "xml"}
    assert parts["database"] == {"ok": True, "code": "there", "database": "sqlite", "now": START.isoformat()}


def test_a_real_store_tells_what_does_not_run(closeloop: Closeloop, home: Path):
    closeloop.json("init")
    (home / "run").mkdir()
    (home / "run" / "prefect-server.json").write_text(json.dumps({"api_url": "http://127.0.0.1:9/api"}))
    (home / "run" / "prefect-worker.json").write_text(json.dumps({"pid": 2**22 + 1}))
    result = closeloop("status", "--json")
    found = result.document
    assert (result.code, found["ok"]) == (2, False), "anything red is no success"
    assert {part: (one["ok"], one["code"]) for part, one in found["parts"].items()} == {
        "database": (True, "there"),
        "clock": (True, "believed"),
        "timers": (True, "lag"),
        "driver": (False, "none"),
        "schedules": (True, "kept"),
        "outbox": (True, "dead"),
        "notices": (True, "reached"),
        "lifecycles": (True, "current"),
        "xml": (True, xml_parser_health().code),
        "prefect": (False, "away"),
        "worker": (False, "gone"),
        "acts": (False, "none"),
        "api": (True, "none"),
    }
    assert "closeloop drive" in closeloop("status").output


def test_notices_that_reached_nobody_are_a_fault_with_its_cause(closeloop: Closeloop, simulated: Store):
    mails = [ComposedMail(f"{cause}:{n}", "amy", "", "", cause) for n in range(2) for cause in ("no_server", "nobody")]
    queue_mails(simulated, mails, START)
    result = closeloop("status", "--json")
    found = result.document
    assert (result.code, found["ok"]) == (2, False)
    assert found["parts"]["notices"] == {
        "ok": False,
        "code": "undelivered",
        "count": 4,
        "causes": {"no_server": 2, "nobody": 2},
    }
    assert "CLOSELOOP_SMTP_URL" in closeloop("status").output
    set_clock(simulated, START + 25 * HOUR)
    assert closeloop.json("status")["parts"]["notices"]["ok"] is True


def test_a_driver_that_beats_and_one_that_fell_silent(closeloop: Closeloop, simulated: Store):
    assert hold(simulated, "driver", "4711-ab", START, 30)
    beating = closeloop.json("status")["parts"]["driver"]
    assert (beating["ok"], beating["code"], beating["seen_at"]) == (True, "beats", START.isoformat())
    set_clock(simulated, START + HOUR)
    silent = closeloop("status", "--json").document["parts"]["driver"]
    assert (silent["ok"], silent["code"]) == (False, "silent")
    assert "start it again" in closeloop("status").output


def test_a_clock_that_lags_and_a_night_that_is_late(closeloop: Closeloop, simulated: Store, number: str):
    keep(simulated, Done("overnight-escalation", START, START, observed=True, did=0))
    set_clock(simulated, START + 26 * HOUR)
    parts = closeloop("status", "--json").document["parts"]
    assert parts["timers"] == {"ok": False, "code": "lag", "seconds": 24.5 * 3600}
    assert (parts["schedules"]["ok"], parts["schedules"]["late"]) == (False, "overnight-escalation")
