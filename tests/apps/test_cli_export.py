"""``closeloop export``: to a file or to standard output, and who may export names and texts."""

import csv
import gzip
import io
import json
import os
import stat
from pathlib import Path
from threading import Thread
from typing import Any

import openpyxl
import pytest

from engine.store import Store
from gateways.logs.mapping import LogMapping
from gateways.mapping_file import load_mapping
from reports.replay_mapping import replay_mapping
from statemachines.kinds import lifecycles
from tests.apps.conftest import Closeloop
from tests.case_actions import query_rows
from tests.docs.pages import ROOT

WHOLE_EXPORTS = "SELECT note FROM run WHERE flow = 'export'"


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_standard_output_holds_the_log_and_nothing_else(closeloop: Closeloop, number: str):
    result = closeloop("export", "--format", "csv")
    assert (result.code, result.err) == (0, "")
    assert [(row["case:concept:name"], row["concept:name"]) for row in table(result.out)] == [(number, "open")]
    lines = closeloop("export", "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["case:concept:name"] for line in lines] == [number]


def test_an_exported_file_is_named_and_readable_by_its_owner_alone(closeloop: Closeloop, number: str, tmp_path: Path):
    out = tmp_path / "log.xes"
    document = closeloop.json("export", "--format", "xes", "--out", out)
    assert document == {"file": str(out), "format": "xes", "cases": 1, "events": 1, "whole": False}
    assert "1 cases, 1 moves" in closeloop("export", "--format", "xes", "--out", out).output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert number in out.read_text("utf-8")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["log.xes"]


def test_a_gz_file_has_the_same_bytes_each_time(closeloop: Closeloop, number: str, tmp_path: Path):
    for name in ("one.csv.gz", "two.csv.gz"):
        closeloop.json("export", "--format", "csv", "--out", tmp_path / name)
    assert (tmp_path / "one.csv.gz").read_bytes() == (tmp_path / "two.csv.gz").read_bytes()
    assert number in gzip.decompress((tmp_path / "one.csv.gz").read_bytes()).decode()


def test_a_workbook_is_written_to_a_file(closeloop: Closeloop, number: str, tmp_path: Path):
    closeloop.json("export", "--format", "xlsx", "--out", tmp_path / "log.xlsx")
    assert openpyxl.load_workbook(tmp_path / "log.xlsx")["events"].cell(2, 1).value == number


def test_a_format_unfit_for_standard_output_is_refused(closeloop: Closeloop, simulated: Store, patched_terminal: None):
    result = closeloop("export", "--format", "csv", "--json")
    assert (result.code, result.document["refused"]["code"]) == (2, "export_needs_out")
    shown = closeloop("export", "--format", "xlsx")
    assert (shown.code, shown.out) == (2, "")
    assert "cannot show xlsx" in shown.output


@pytest.fixture
def patched_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make standard output a terminal."""
    monkeypatch.setattr("_pytest.capture.EncodedFile.isatty", lambda _: True, raising=False)
    monkeypatch.setattr("_pytest.capture.CaptureIO.isatty", lambda _: True, raising=False)


def test_a_failed_export_leaves_no_file(closeloop: Closeloop, number: str, tmp_path: Path):
    refused = closeloop.refused("export", "--format", "csv", "--out", tmp_path / "nowhere" / "log.csv")
    assert (refused["code"], refused["params"]["why"]) == ("export_unwritable", "No such file or directory")
    (tmp_path / "taken").mkdir()
    assert closeloop("export", "--format", "csv", "--out", tmp_path / "taken").code == 2
    assert list((tmp_path / "taken").iterdir()) == []
    assert not list(tmp_path.glob(".*.part"))


def test_a_pipe_is_written_to_and_remains_a_pipe(closeloop: Closeloop, number: str, tmp_path: Path):
    pipe, texts = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = Thread(target=lambda: texts.append(pipe.read_text("utf-8")), daemon=True)
    reader.start()
    assert closeloop("export", "--format", "csv", "--out", pipe).code == 0
    reader.join(20)
    assert (number in texts[0], pipe.is_fifo(), Path(os.devnull).is_char_device()) == (True, True, True)


@pytest.mark.requirement("H1")
def test_only_auditors_and_administrators_export_a_whole_log_and_it_is_recorded(closeloop: Closeloop, number: str):
    refused = closeloop("export", "--format", "csv", "--whole", "--as", "amy")
    assert (refused.code, refused.out) == (2, "")
    assert "may not take a log with names" in refused.output
    assert closeloop("export", "--format", "csv", "--whole").code == 2
    assert whole_exports(closeloop) == []
    result = closeloop("export", "--format", "csv", "--whole", "--as", "odd")
    assert [row["said:text"] for row in table(result.out)] == ["My parcel is late."]
    assert whole_exports(closeloop) == [{"by": "odd", "format": "csv", "kind": "", "since": 0}]


def whole_exports(closeloop: Closeloop) -> list[dict[str, Any]]:
    from apps.cli.context import cli

    return [json.loads(row["note"]) for row in query_rows(cli.settings.store(), WHOLE_EXPORTS)]


@pytest.mark.requirement("H1")
def test_a_whole_export_is_recorded_before_it_is_written(closeloop: Closeloop, number: str, tmp_path: Path):
    out = tmp_path / "nowhere" / "log.csv"
    assert closeloop("export", "--format", "csv", "--whole", "--as", "odd", "--out", out).code == 2
    assert len(whole_exports(closeloop)) == 1


def test_the_export_can_be_limited_by_kind_and_by_time(closeloop: Closeloop, number: str):
    def exported_rows(*options: str) -> int:
        return len(table(closeloop("export", "--format", "csv", *options).out))

    assert (exported_rows("--kind", "complaint"), exported_rows("--kind", "inquiry")) == (1, 0)
    assert (
        exported_rows("--since", "2026-03-02T09:00:00+08:00"),
        exported_rows("--since", "2026-03-02T09:00:01+08:00"),
    ) == (1, 0)
    assert closeloop.refused("export", "--format", "csv", "--since", "yesterday")["code"] == "bad_instant"
    assert closeloop.refused("export", "--format", "csv", "--kind", "parcel")["code"] == "unknown_kind"


def test_a_mapping_is_written_for_the_kind(closeloop: Closeloop, number: str, tmp_path: Path):
    log, mapping = tmp_path / "log.json", tmp_path / "log.toml"
    closeloop.json("export", "--format", "ocel2", "--kind", "complaint", "--out", log, "--mapping", mapping)
    assert load_mapping(mapping, LogMapping).event.case == "ocel:type:complaint"
    refused = closeloop.refused("export", "--format", "csv", "--mapping", mapping, "--out", tmp_path / "x")
    assert (refused["code"], "complaint" in refused["params"]["known"]) == ("export_mapping_kind", True)


@pytest.mark.parametrize("kind", lifecycles())
def test_the_mapping_of_exported_logs_names_every_move(tmp_path: Path, kind: str):
    (tmp_path / "own.toml").write_text(replay_mapping(kind, "logistics"), "utf-8")
    mapping = load_mapping(tmp_path / "own.toml", LogMapping)
    assert {*mapping.moves, *mapping.ignored} == {"open", *lifecycles()[kind].rows}
    assert {name for name, meaning in mapping.moves.items() if meaning.move != name} == set()


def test_the_example_equals_the_mapping_of_complaints(tmp_path: Path):
    """The example may lack later moves: ``export --mapping`` writes the mapping of the current lifecycle."""
    (tmp_path / "own.toml").write_text(replay_mapping("complaint", "logistics"), "utf-8")
    written, example = (
        load_mapping(tmp_path / "own.toml", LogMapping),
        load_mapping(ROOT / "examples" / "closeloop.toml", LogMapping),
    )
    assert (example.event, example.opening, example.skipped) == (written.event, written.opening, written.skipped)
    assert [name for name, meaning in example.moves.items() if written.moves[name] != meaning] == []
    assert [name for name, value in example.fill.items() if written.fill[name] != value] == []
