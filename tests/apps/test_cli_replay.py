"""A log at the command line: read to its end before anything is taken, replayed once, reported in words and figures."""

import gzip
import json
from pathlib import Path

import pytest

from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import query_rows

MAPPING = """
[source]
name = "old-desk"
kind = "complaint"
pack = "logistics"
zone = "Asia/Shanghai"
formats = ["%Y-%m-%d %H:%M"]

[event]
case = "ticket"
word = "step"
at = "when"

[opening]
text = { column = "what" }

[fill]
category = "damage"

[moves]
"sorted" = "classify"
"looked at" = "investigate"
"done" = { move = "resolve", form = { result = "Paid." } }

[states]
"over" = "archived"

[ignored]
"printed" = "paper"
"""
LOG = """ticket,when,step,what
T-1,2026-01-05 09:00,sorted,My parcel is broken.
T-2,2026-01-05 09:10,done,Where is it?
T-1,2026-01-05 09:30,looked at,
T-1,2026-01-05 10:00,done,
T-1,2026-01-05 10:05,printed,
T-1,2026-01-20 10:00,over,
T-2,,sorted,
T-2,2026-01-06 08:00,mumbled,
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log with its mapping beside it."""
    (tmp_path / "desk.toml").write_text(MAPPING, "utf-8")
    path = tmp_path / "desk.csv"
    path.write_text(LOG, "utf-8")
    return path


def nothing_taken(store: Store) -> bool:
    return query_rows(store, "SELECT count(*) AS n FROM cases") == [{"n": 0}]


def test_a_log_is_replayed_and_counted(closeloop: Closeloop, simulated: Store, log: Path):
    told = closeloop.json("replay", log)
    counts = {name: told[name] for name in ("cases", "events", "applied", "ignored", "refused", "inferred")}
    assert counts == {"cases": 2, "events": 8, "applied": 4, "ignored": 1, "refused": 3, "inferred": 0}
    assert told["reasons"] == {"no_time": 1, "not_now": 1, "unknown_word": 1}
    assert told["ignored_reasons"] == {"paper": 1}
    words = [row["content"] for row in query_rows(simulated, "SELECT content FROM statement WHERE field = 'text'")]
    assert sorted(words) == ["My parcel is broken.", "Where is it?"]


def test_a_second_replay_answers_the_same_and_changes_nothing(closeloop: Closeloop, simulated: Store, log: Path):
    first = closeloop.json("replay", log)
    count = query_rows(simulated, "SELECT count(*) AS n FROM transition")
    assert closeloop.json("replay", log) == first
    assert query_rows(simulated, "SELECT count(*) AS n FROM transition") == count


def test_a_bridge_is_asked_for_by_name_and_counted_apart(closeloop: Closeloop, simulated: Store, log: Path):
    told = closeloop.json("replay", log, "--bridge")
    assert (told["bridged"], told["applied"], told["inferred"]) == (True, 5, 2)
    assert closeloop.refused("replay", log)["code"] == "replayed_otherwise"


def test_people_read_the_report_at_the_terminal(closeloop: Closeloop, simulated: Store, log: Path):
    said = closeloop("replay", log)
    assert said.code == 0
    assert "2 cases, 8 events: 4 applied, 1 ignored, 3 refused" in said.output
    assert "The event has no time" in said.output
    assert said.err == ""


def test_report_and_picture_go_to_files(closeloop: Closeloop, simulated: Store, log: Path, tmp_path: Path):
    files = [tmp_path / name for name in ("report.json", "report.md", "lived.mmd", "lived.md")]
    told = closeloop.json("replay", log, "--report", files[0], "--picture", files[2])
    closeloop.json("replay", log, "--report", files[1], "--picture", files[3])
    assert json.loads(files[0].read_text("utf-8")) == told
    assert files[1].read_text("utf-8").startswith("# How the log")
    assert files[2].read_text("utf-8").startswith("stateDiagram-v2")
    assert files[3].read_text("utf-8").startswith("```mermaid\nstateDiagram-v2")
    assert closeloop.refused("replay", log, "--report", tmp_path / "none" / "r.json")["code"] == "cannot_write"


def test_another_pack_may_be_asked_and_one_that_is_blank_or_unknown_takes_nothing(
    closeloop: Closeloop, simulated: Store, log: Path
):
    assert closeloop.refused("replay", log, "--pack", "nobodys")["code"] == "unknown_pack"
    assert closeloop.refused("replay", log, "--pack", "general")["code"] == "blank_limit"
    assert nothing_taken(simulated)
    assert closeloop.json("replay", log, "--pack", "logistics")["pack"] == "logistics"


def test_a_log_without_a_mapping_says_where_it_should_be(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    bare = tmp_path / "bare.xes.gz"
    bare.write_bytes(b"")
    assert closeloop.refused("replay", bare)["params"]["expected"] == "bare.toml"


@pytest.mark.parametrize(
    ("was", "becomes", "names"),
    [
        ('"classify"', '"clasify"', "classify"),
        ('"archived"', '"archivd"', "archived"),
        ('case = "ticket"', 'cas = "ticket"', "event.cas"),
    ],
)
def test_a_mapping_that_names_what_is_not_there_takes_nothing(
    closeloop: Closeloop, simulated: Store, log: Path, was: str, becomes: str, names: str
):
    log.with_suffix(".toml").write_text(MAPPING.replace(was, becomes), "utf-8")
    told = closeloop.refused("replay", log)
    assert told["code"] == "bad_log_mapping"
    assert any(names in problem for problem in told["params"]["problems"])
    assert nothing_taken(simulated)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("desk.csv.gz", gzip.compress(LOG.encode() * 40)[:-9]),
        ("desk.xes", b"<log><trace><event>"),
        ("desk.xes", b'<!DOCTYPE log [<!ENTITY a "aaaa">]><log>&a;</log>'),
        ("desk.csv", b"ticket,when\nT-1,2026-01-05 09:00\n"),
        ("desk.csv", b""),
        ("desk.doc", LOG.encode()),
    ],
)
def test_a_broken_log_is_refused_and_nothing_is_taken(
    closeloop: Closeloop, simulated: Store, log: Path, name: str, content: bytes
):
    path = log.with_name(name)
    path.write_bytes(content)
    told = closeloop.refused("replay", path, "--mapping", log.with_suffix(".toml"))
    assert told["code"] == "bad_log"
    assert told["params"]["problems"]
    assert nothing_taken(simulated)
    assert list(simulated.home.glob("replay-*")) == []
