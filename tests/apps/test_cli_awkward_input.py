"""Awkward arguments and files at the command line: refused in words with exit code 2, or read and said how."""

import inspect
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

import apps.cli
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import query_rows
from tests.gateways.contact_files import csv_text, raw_file, row
from tests.gateways.logs.log_formats import TABLE

BROKEN = "K\udcfcnftig"
"""An argument of Latin-1 bytes, as Python gives it to a program in a UTF-8 locale."""
COMMANDS = (
    ("case", "open", "--text"),
    ("case", "open", "--text", "late", "--customer"),
    ("case", "show"),
    ("case", "list", "--state"),
    ("case", "do", "cp-26-000001", "note", "--set"),
    ("import",),
    ("replay",),
    ("actor", "add"),
    ("policy", "show"),
    ("calendar", "show"),
    ("classifier", "explain"),
    ("customer", "--phone"),
    ("deadline", "--unit"),
    ("nonsense",),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_argument_that_is_not_utf_8_is_refused_in_words(closeloop: Closeloop, command: tuple[str, ...]):
    refused = closeloop.refused(*command, BROKEN)
    assert (refused["code"], refused["params"]) == ("bad_argument", {"place": len(command) + 1})
    assert "not valid UTF-8" in refused["text"]


@pytest.mark.parametrize("unseen", ["\u200b", "\u200d\u200b", "\ufeff", "\u2060", "\u3164", "\u200b \u200b", "\u00ad"])
@pytest.mark.parametrize("before", ["", "note=", "--text="])
def test_an_argument_that_cannot_be_seen_is_refused_in_words(closeloop: Closeloop, unseen: str, before: str):
    for command in COMMANDS:
        assert closeloop.refused(*command, before + unseen)["code"] == "unseen_argument"


@pytest.mark.parametrize("text", ["客户\u200d说：❤️", "👨\u200d👩\u200d👧", "\u200bLate", "x=\u200by", ""])
def test_an_argument_in_which_something_can_be_seen_is_no_fault(closeloop: Closeloop, simulated: Store, text: str):
    result = closeloop("case", "open", "--text", text or "Late", "--subject", "S", "--as", "amy")
    assert result.code == 0, result.output


@pytest.mark.parametrize("body", ["\u200b\n", "\u3164", "\ufeff\u200b"])
def test_a_text_that_cannot_be_seen_is_refused_from_a_file_too(closeloop: Closeloop, simulated: Store, body: str):
    refused = closeloop.refused("case", "open", "--body", "-", "--as", "amy", stdin=body)
    assert refused["code"] == "form"
    assert query_rows(simulated, "SELECT 1 FROM cases") == []


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "big5"])
def test_a_body_in_another_encoding_is_read_and_its_encoding_said(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, encoding: str
):
    text = "包裹遲到了，請回覆" if encoding == "big5" else "包裹迟到了，请尽快处理"
    path = tmp_path / "body.txt"
    path.write_bytes(text.encode(encoding))
    opened = closeloop("case", "open", "--body", path, "--as", "amy")
    assert (opened.code, f"encoding: {encoding} (sure)" in opened.err) == (0, True)
    closeloop.json("case", "open", "--body", "-", "--as", "amy", stdin=text.encode(encoding))
    words = query_rows(simulated, "SELECT count(*) AS n FROM statement WHERE content = :text", text=text)
    assert words[0]["n"] == 2


def test_a_body_of_unsure_encoding_is_refused_with_candidates(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    path = tmp_path / "body.txt"
    path.write_bytes("喆".encode("gbk"))
    refused = closeloop.refused("case", "open", "--body", path, "--as", "amy")
    assert (refused["code"], "gb18030" in refused["text"]) == ("bad_text_file", True)
    opened = closeloop("case", "open", "--body", path, "--encoding", "gbk", "--as", "amy")
    assert "encoding: gb18030 (as named)" in opened.err


@pytest.mark.parametrize("encoding", ["klingon", "", "base64", "hex"])
def test_an_unknown_encoding_is_refused(closeloop: Closeloop, tmp_path: Path, encoding: str):
    path = raw_file(tmp_path, csv_text(row()).encode())
    for command in (("import", path), ("replay", path), ("mapping", "suggest", path)):
        assert closeloop.refused(*command, "--encoding", encoding)["code"] == "unknown_encoding"


def test_every_command_that_reads_a_file_takes_an_encoding():
    reads = {"file", "files", "log", "body"}
    no_texts = {"backup", "restore", "attach_", "bundle"}
    seen: list[str] = []
    for module in iter_modules(apps.cli.__path__, "apps.cli."):
        for name, function in inspect.getmembers(import_module(module.name), inspect.isfunction):
            parameters = inspect.signature(function).parameters
            if "json" in parameters and reads & parameters.keys() and name not in no_texts:
                assert "encoding" in parameters, name
                seen.append(name)
    assert {"import_", "replay_", "suggest", "check", "open_", "do", "train", "tree", "publish"} <= {*seen}


MAPPING = """
[source]
name = "desk"
kind = "complaint"
pack = "logistics"
zone = "Asia/Shanghai"
formats = ["%Y/%m/%d %H:%M:%S"]
[contact]
row_id = "编号"
at = "时间"
text = "内容"
"""


@pytest.mark.parametrize("mapping_encoding", ["utf-8", "gb18030", "utf-16"])
def test_the_import_takes_an_encoding_and_lists_what_was_noted(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, mapping_encoding: str
):
    mapping = tmp_path / "mapping.toml"
    mapping.write_bytes(MAPPING.encode(mapping_encoding))
    content = "登记表\n" + csv_text(row(text="喆")) + "合计,,,\n"
    path = raw_file(tmp_path, content.encode("gbk"))
    document = closeloop.json("import", path, "--mapping", mapping, "--encoding", "gbk")
    assert document["encoding"] == {"name": "gb18030", "certainty": "declared"}
    places = [(note["code"], note["row"], note["column"]) for note in document["noted"][:3]]
    assert places == [
        ("file_note.encoding_declared", None, None),
        ("file_note.rows_above_header", 2, None),
        ("file_note.totals_row", 4, None),
    ]
    assert document["notes"][2].startswith("Row 4: ")
    assert document["note_count"] == len(document["notes"]) == 4  # and the columns that are not mapped


@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW"])
def test_notes_are_told_in_the_language_of_the_reader(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, locale: str
):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    (tmp_path / "contacts.toml").write_text(MAPPING, "utf-8")
    shown = closeloop("import", raw_file(tmp_path, csv_text(row()).encode("gbk")))
    assert {"zh_CN": "编码：gb18030（确定）", "zh_TW": "編碼：gb18030（確定）"}[locale] in shown.output


def extend(closeloop: Closeloop, number: str, hours: str) -> tuple[Any, ...]:
    form = ("--set", "clause=solution", "--set", "reason=port closed", "--set", f"hours={hours}")
    return ("case", "do", number, "extend", *form, "--as", "sue")


@pytest.mark.parametrize(
    ("hours", "reason"),
    [
        ("1.000", "ambiguous"),
        ("1,000", "ambiguous"),
        ("4.9", "not rounded"),
        ("1.234,56", "not rounded"),
        ("1e1", "scientific notation"),
        ("12h", "without a unit"),
        ("(12)", "brackets"),
        ("1_0", "in digits"),
    ],
)
def test_an_inexact_number_grants_nothing(closeloop: Closeloop, simulated: Store, number: str, hours: str, reason: str):
    refused = closeloop.refused(*extend(closeloop, number, hours))
    assert (refused["code"], reason in refused["text"]) == ("form", True), refused["text"]
    assert query_rows(simulated, "SELECT 1 FROM timer WHERE extended > 0") == []


@pytest.mark.parametrize("hours", ["12", "１２", "12.0", " 12 "])
def test_an_exact_number_is_granted_whole(closeloop: Closeloop, simulated: Store, number: str, hours: str):
    closeloop.json(*extend(closeloop, number, hours))
    timers = {timer["clause"]: timer for timer in closeloop.json("case", "clocks", number)["clocks"]}
    assert timers["solution"]["extended"] == 12 * 3600.0


def replayed(closeloop: Closeloop, tmp_path: Path, level: str) -> dict[str, Any]:
    """Replay a log of one case that is escalated to that level."""
    log = tmp_path / "log.csv"
    log.write_text(f'ticket,step,time,clerk,level\nt1,Up,2026-03-02,ann,"{level}"\n', "utf-8")
    moves = '"Up" = { move = "escalate", form = { level = { column = "level", as = "number" }, reason = "x" } }'
    head = TABLE.partition("[moves]")[0]
    (tmp_path / "log.toml").write_text(f"{head}[moves]\n{moves}\n", "utf-8")
    return closeloop.json("replay", log)


@pytest.mark.parametrize(
    ("level", "code"),
    [("1.9", "not_whole"), ("1,9", "not_whole"), ("2 stars", "number_with_unit"), ("1.000", "ambiguous_number")],
)
def test_a_number_of_a_log_is_never_cut(closeloop: Closeloop, simulated: Store, tmp_path: Path, level: str, code: str):
    document = replayed(closeloop, tmp_path, level)
    assert f"bad_log.{code}" in str(document)
    assert query_rows(simulated, "SELECT 1 FROM transition WHERE move = 'escalate'") == []


@pytest.mark.parametrize("level", ["2", "２", "2.0", "2,00"])
def test_an_exact_number_of_a_log_is_taken(closeloop: Closeloop, simulated: Store, tmp_path: Path, level: str):
    replayed(closeloop, tmp_path, level)
    [move] = query_rows(simulated, "SELECT form FROM transition WHERE move = 'escalate'")
    assert '"level":2' in str(move["form"]).replace(" ", "").replace("'", '"')
