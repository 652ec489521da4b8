"""Replay of a log at the command line: read as a whole first, replayed once, reported as text and as JSON."""

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
    """A log, with its mapping in the same folder."""
    (tmp_path / "desk.toml").write_text(MAPPING, "utf-8")
    path = tmp_path / "desk.csv"
    path.write_text(LOG, "utf-8")
    return path


def no_case_exists(store: Store) -> bool:
    return query_rows(store, "SELECT count(*) AS n FROM cases") == [{"n": 0}]


def test_a_log_is_replayed_and_counted(closeloop: Closeloop, simulated: Store, log: Path):
    report = closeloop.json("replay", log)
    counts = {name: report[name] for name in ("cases", "events", "applied", "ignored", "refused", "inferred")}
    assert counts == {"cases": 2, "events": 8, "applied": 4, "ignored": 1, "refused": 3, "inferred": 0}
    assert report["reasons"] == {"no_time": 1, "not_now": 1, "unknown_word": 1}
    assert report["ignored_reasons"] == {"paper": 1}
    texts = [row["content"] for row in query_rows(simulated, "SELECT content FROM statement WHERE field = 'text'")]
    assert sorted(texts) == ["My parcel is broken.", "Where is it?"]


def test_a_second_replay_returns_the_same_report_and_changes_nothing(closeloop: Closeloop, simulated: Store, log: Path):
    first = closeloop.json("replay", log)
    count = query_rows(simulated, "SELECT count(*) AS n FROM transition")
    assert closeloop.json("replay", log) == first
    assert query_rows(simulated, "SELECT count(*) AS n FROM transition") == count


def test_bridged_moves_need_an_option_and_are_counted_separately(closeloop: Closeloop, simulated: Store, log: Path):
    report = closeloop.json("replay", log, "--bridge")
    assert (report["bridged"], report["applied"], report["inferred"]) == (True, 5, 2)
    assert closeloop.refused("replay", log)["code"] == "replayed_otherwise"


def test_the_report_is_printed_as_text(closeloop: Closeloop, simulated: Store, log: Path):
    result = closeloop("replay", log)
    assert result.code == 0
    assert "2 cases, 8 events: 4 applied, 1 ignored, 3 refused" in result.output
    assert "The event has no time" in result.output
    assert result.err == ""


def test_report_and_diagram_are_written_to_files(closeloop: Closeloop, simulated: Store, log: Path, tmp_path: Path):
    files = [tmp_path / name for name in ("report.json", "report.md", "model.mmd", "model.md")]
    report = closeloop.json("replay", log, "--report", files[0], "--picture", files[2])
    closeloop.json("replay", log, "--report", files[1], "--picture", files[3])
    assert json.loads(files[0].read_text("utf-8")) == report
    assert files[1].read_text("utf-8").startswith("# How the log")
    assert files[2].read_text("utf-8").startswith("stateDiagram-v2")
    assert files[3].read_text("utf-8").startswith("```mermaid\nstateDiagram-v2")
    assert closeloop.refused("replay", log, "--report", tmp_path / "none" / "r.json")["code"] == "cannot_write"


def test_the_pack_can_be_chosen_and_an_unknown_pack_replays_nothing(closeloop: Closeloop, simulated: Store, log: Path):
    assert closeloop.refused("replay", log, "--pack", "nobodys")["code"] == "unknown_pack"
    assert no_case_exists(simulated)
    assert closeloop.json("replay", log, "--pack", "logistics")["pack"] == "logistics"


def test_a_missing_mapping_is_refused_with_the_expected_name(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    bare = tmp_path / "bare.xes.gz"
    bare.write_bytes(b"")
    assert closeloop.refused("replay", bare)["params"]["expected"] == "bare.toml"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"classify"', '"clasify"', "classify"),
        ('"archived"', '"archivd"', "archived"),
        ('case = "ticket"', 'cas = "ticket"', "event.cas"),
    ],
)
def test_a_mapping_with_an_unknown_name_replays_nothing(
    closeloop: Closeloop, simulated: Store, log: Path, old: str, new: str, named: str
):
    log.with_suffix(".toml").write_text(MAPPING.replace(old, new), "utf-8")
    refused = closeloop.refused("replay", log)
    assert refused["code"] == "bad_log_mapping"
    assert any(named in problem for problem in refused["params"]["problems"])
    assert no_case_exists(simulated)


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
def test_a_broken_log_is_refused_and_replays_nothing(
    closeloop: Closeloop, simulated: Store, log: Path, name: str, content: bytes
):
    path = log.with_name(name)
    path.write_bytes(content)
    refused = closeloop.refused("replay", path, "--mapping", log.with_suffix(".toml"))
    assert refused["code"] == "bad_log"
    assert refused["params"]["problems"]
    assert no_case_exists(simulated)
    assert list(simulated.home.glob("replay-*")) == []
