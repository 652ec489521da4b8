"""Import of contact files: all rows or none; a refusal names the place, the reason and the remedy."""

from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from engine.store import Store
from models.contact import TEXT_LIMIT
from tests.apps.conftest import Closeloop
from tests.case_actions import query_rows
from tests.gateways.contact_files import HEADER, csv_file, csv_text, jsonl_file, raw_file, row, workbook

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
customer = "客户"
phone = "电话"
[reply]
text = "答复"
at = "答复时间"
"""

Build = Callable[[Path], Path]


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.toml"
    path.write_text(MAPPING, "utf-8")
    return path


def zip_bomb(folder: Path) -> Path:
    """Write a workbook with a member that unpacks to far more than its size."""
    path = workbook(folder, row())
    with ZipFile(path, "a", 8) as archive:
        archive.writestr("xl/media/image1.png", bytes(3_000_000))
    return path


REFUSALS: dict[str, tuple[Build, str, str]] = {
    "a missing file": (lambda f: f / "nowhere.csv", "There is no file nowhere.csv.", "Check the path"),
    "a directory": (lambda f: f, "not a file", "Name the file itself"),
    "an unknown kind": (lambda f: raw_file(f, b"x", "a.pdf"), "“.pdf”", "Save it as .csv, .xlsx or .jsonl"),
    "an empty file": (lambda f: raw_file(f, b""), "holds no contact", "export it again"),
    "a bare header": (csv_file, "holds no contact", "export it again"),
    "a missing column": (
        lambda f: csv_file(f, row()[:-1], header=HEADER[:-1]),
        "Row 1, column “答复时间”: The mapped column “答复时间” is not in the file.",
        "correct the mapping",
    ),
    "an impossible date": (
        lambda f: csv_file(f, row(), row("2", at="2024/2/30 09:00:00")),
        "Row 3, column “时间”: “2024/2/30 09:00:00” is not a possible date",
        "[source] formats",
    ),
    "a NUL": (
        lambda f: csv_file(f, row(), row("2", text="坏\0字")),
        "Row 3, column “内容”: There is a NUL character",
        "Export it again",
    ),
    "a cell over 64 kB": (
        lambda f: csv_file(f, row(text="x" * (TEXT_LIMIT + 1))),
        "Row 2, column “内容”: The cell holds 65537 bytes; at most 65536 (64 kB)",
        "Shorten the text",
    ),
    "the wrong encoding": (
        lambda f: raw_file(f, csv_text(row()).encode() + b"\xff\n"),
        "cannot be read as",
        "Save the file as UTF-8",
    ),
    "no workbook": (lambda f: raw_file(f, b"PK\x03\x04 no zip", "a.xlsx"), "not a readable XLSX", "save it as .xlsx"),
    "a zip bomb": (zip_bomb, "unpacks to more than 100 MB, or to more than 100 times", "Split it"),
    "the same id": (
        lambda f: csv_file(f, row("7"), row("7", text="另一件事")),
        "Row 3, column “编号”: The id “7” is already in row 2 with other content.",
        "different ids",
    ),
    "a formula without a value": (
        lambda f: workbook(f, row(), row("2", text="=A1&B1")),
        "Row 3, column “内容”: The formula has no stored result.",
        "let it calculate and save it",
    ),
}


def nothing_is_written(store: Store) -> bool:
    return query_rows(store, "SELECT 1 FROM arrival UNION ALL SELECT 1 FROM cases UNION ALL SELECT 1 FROM party") == []


@pytest.mark.parametrize("name", REFUSALS)
def test_a_bad_file_is_refused_as_a_whole(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, mapping: Path, name: str
):
    build, reason, remedy = REFUSALS[name]
    path = build(tmp_path)
    shown = closeloop("import", path, "--mapping", mapping)
    assert (shown.code, shown.out) == (2, "")
    assert reason in shown.output
    assert remedy in shown.output
    refused = closeloop("import", path, "--mapping", mapping, "--json").document["refused"]
    assert (refused["code"], refused["params"]["count"]) == ("bad_file", 1)
    assert reason in refused["params"]["problems"][0]
    assert nothing_is_written(simulated)


def test_a_refusal_quotes_no_customer(closeloop: Closeloop, simulated: Store, tmp_path: Path, mapping: Path):
    path = csv_file(tmp_path, row("1", "昨天", "canary 一句话", "canary 王", "13800138000"))
    result = closeloop("import", path, "--mapping", mapping)
    assert result.code == 2
    assert "canary" not in result.output
    assert "138" not in result.output


def test_a_file_of_many_faults_states_the_number_of_further_ones(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, mapping: Path
):
    path = csv_file(tmp_path, *(row(str(n), at="昨天") for n in range(150)))
    refused = closeloop.refused("import", path, "--mapping", mapping)
    assert refused["params"]["count"] == 150
    assert len(refused["params"]["problems"]) == 101
    assert refused["params"]["problems"][-1] == "… and 50 more."


def test_keep_good_imports_the_good_rows_of_a_bad_file(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, mapping: Path
):
    path = csv_file(tmp_path, row("1"), row("2", at="昨天"), row("3"))
    assert closeloop.refused("import", path, "--mapping", mapping)["code"] == "bad_file"
    document = closeloop.json("import", path, "--mapping", mapping, "--keep-good")
    assert (document["rows"], document["new"], document["refused"], document["taken"]) == (3, 2, 1, 2)
    assert "Row 3, column “时间”" in document["problems"][0]
    nothing_good = csv_file(tmp_path, row("4", at="昨天"))
    assert closeloop.refused("import", nothing_good, "--mapping", mapping, "--keep-good")["code"] == "bad_file"


@pytest.mark.parametrize("build", [csv_file, workbook, jsonl_file])
def test_a_second_import_adds_nothing(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, mapping: Path, build: Callable[..., Path]
):
    path = build(tmp_path, row("1"), row("2"))
    first = closeloop.json("import", path, "--mapping", mapping)
    assert (first["new"], first["known"], first["taken"], first["contacts"]) == (2, 0, 2, 2)
    again = closeloop.json("import", path, "--mapping", mapping)
    assert (again["new"], again["known"], again["taken"]) == (0, 2, 0)
    assert "nothing new" in closeloop("import", path, "--mapping", mapping).output
    assert len(query_rows(simulated, "SELECT 1 FROM cases")) == 2


def test_a_known_id_with_other_content_is_refused(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, mapping: Path
):
    closeloop.json("import", csv_file(tmp_path, row("1"), row("2")), "--mapping", mapping)
    other = csv_file(tmp_path, row("3"), row("2", text="另一件事"))
    refused = closeloop.refused("import", other, "--mapping", mapping)
    assert (refused["code"], refused["params"]["row_id"]) == ("other_content", "2")
    assert [arrival["row_id"] for arrival in query_rows(simulated, "SELECT row_id FROM arrival")] == ["1", "2"]
    document = closeloop.json("import", other, "--mapping", mapping, "--keep-good")
    assert (document["new"], document["conflicts"]) == (1, 1)


def test_a_reply_resolves_its_case_and_the_moves_between_are_inferred(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, mapping: Path
):
    answered = row("1", "2026/3/1 09:00:00", "货物迟到", "王", "138", "已查明", "2026/3/1 15:00:00")
    document = closeloop.json("import", csv_file(tmp_path, answered), "--mapping", mapping)
    assert (document["replies"], document["taken"]) == (1, 2)
    moves = closeloop.json("case", "history", "cp-26-000001")["transitions"]
    assert [(transition["move"], transition["inferred"]) for transition in moves if transition["via"] == "import"] == [
        ("open", False),
        ("classify", True),
        ("investigate", False),
        ("resolve", False),
    ]
    assert [transition["move"] for transition in moves if transition["via"] == "timer"] == [
        "remind",
        "breach",
        "breach",
        "breach",
    ]
    assert moves[-1]["form"] == {"result": "已查明", "message": "已查明", "medium": "log"}


def test_unmapped_columns_are_named(closeloop: Closeloop, simulated: Store, tmp_path: Path, mapping: Path):
    path = csv_file(tmp_path, [*row("1"), "晴"], [*row("1"), "阴"], header=[*HEADER, "天气"])
    document = closeloop.json("import", path, "--mapping", mapping)
    assert (document["contacts"], document["duplicates"]) == (1, 1)
    assert "天气" in document["notes"][1]
    assert (
        "· 1 more columns are not mapped and were left aside: 天气."
        in closeloop("import", path, "--mapping", mapping).output
    )


def test_the_mapping_is_found_beside_the_file(closeloop: Closeloop, simulated: Store, tmp_path: Path, mapping: Path):
    path = csv_file(tmp_path, row())
    refused = closeloop.refused("import", path)
    assert (refused["code"], refused["params"]["expected"]) == ("no_mapping", "contacts.toml")
    mapping.rename(tmp_path / "contacts.toml")
    assert closeloop.json("import", path)["new"] == 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("text =", "texts ="), "“contact.texts” is not a key of a mapping."),
        (('at = "时间"', ""), "“contact.at” is missing."),
        (("Asia/Shanghai", "Asia/Atlantis"), "is not a time zone."),
        (("[contact]", "[contact"), "Line 8: The mapping file mapping.toml is not valid TOML"),
        (('name = "desk"', 'name = "desk"\nchannel = "pigeon"'), "is not a channel."),
    ],
)
def test_a_bad_mapping_is_refused_with_its_key(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, mapping: Path, change: tuple[str, str], problem: str
):
    mapping.write_text(MAPPING.replace(*change), "utf-8")
    result = closeloop("import", csv_file(tmp_path, row()), "--mapping", mapping)
    assert result.code == 2
    assert problem in result.output
    assert closeloop.refused("import", tmp_path / "contacts.csv", "--mapping", mapping)["code"] == "bad_mapping"
    assert nothing_is_written(simulated)


def test_a_missing_mapping_is_refused(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    refused = closeloop.refused("import", csv_file(tmp_path, row()), "--mapping", tmp_path / "none.toml")
    assert (refused["code"], refused["params"]["problems"]) == (
        "bad_mapping",
        ["There is no mapping file none.toml. Check the path and the name."],
    )
