"""The gallery of awkward files in docs/import.md: each file is made and imported, and becomes what the page says."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from apps.cli import run
from tests.docs.pages import ROOT, blocks

PAGE = "docs/import.md"
SECTION = "A gallery of awkward files"
ROW = re.compile(
    r"^\| `(?P<file>[\w.]+)` \| (?P<content>.+?) \| (?P<encoding>[^|]+) \| (?P<outcome>.+?) \|$", re.MULTILINE
)
HEADER = ["id", "at", "who", "text"]
AT = "2026-03-02 09:00"


def merged() -> Workbook:
    book = filled(["1", AT, "王女士", "破损"], ["2", AT, None, "少件"])
    book.worksheets[0].merge_cells("C2:C3")
    return book


def hidden() -> Workbook:
    book = filled(["1", AT, "王女士", "破损"])
    old = book.create_sheet("old", 0)
    old.sheet_state = "hidden"
    book.active = 1
    return book


def charts(*, alone: bool = False) -> Workbook:
    book = filled(["1", AT, "王女士", "破损"])
    book.create_chartsheet("trend", 0)
    if alone:
        book.remove(book.worksheets[0])
    return book


def filled(*rows: list[object]) -> Workbook:
    book = Workbook()
    for line in [HEADER, *rows]:
        book.worksheets[0].append(line)
    return book


WORKBOOKS: dict[str, Callable[[], Workbook]] = {
    "merged.xlsx": merged,
    "hidden.xlsx": hidden,
    "chart.xlsx": charts,
    "charts.xlsx": lambda: charts(alone=True),
    "serial.xlsx": lambda: filled(["1", 46083.375, "王女士", "破损"]),
    "error.xlsx": lambda: filled(["1", AT, "王女士", "#N/A"]),
    "formula.xlsx": lambda: filled(["1", AT, "王女士", "=A2"]),
}


def gallery() -> list[re.Match[str]]:
    section = (ROOT / PAGE).read_text("utf-8").partition(f"\n## {SECTION}\n")[2]
    return list(ROW.finditer(section))


def content_of(shown: re.Match[str]) -> bytes:
    """Return the bytes of a text file that the page shows."""
    text = shown["content"].strip("`").replace("↵", "\n").replace("⇥", "\t").replace("\\u200b", "\u200b") + "\n"
    encoding, _, damage = shown["encoding"].partition(", ")
    if damage == "last byte lost":
        return text.rstrip("\n").encode(encoding)[:-1]
    if damage == "last line big5":
        *lines, last = text.splitlines(keepends=True)
        return "".join(lines).encode(encoding) + last.encode("big5")
    assert not damage
    return text.encode(encoding)


@pytest.mark.requirement("A1")
@pytest.mark.parametrize("shown", gallery(), ids=lambda shown: shown["file"])
def test_an_awkward_file_becomes_what_the_page_says(
    shown: re.Match[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    settings = {"CLOSELOOP_HOME": str(tmp_path / "home"), "CLOSELOOP_LOCALE": "en", "COLUMNS": "400"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    [mapping] = [block.text for block in blocks(PAGE, SECTION) if block.file == "gallery.toml"]
    (tmp_path / "gallery.toml").write_text(mapping, "utf-8")
    path = tmp_path / shown["file"]
    if path.suffix == ".xlsx":
        WORKBOOKS[path.name]().save(path)
    else:
        path.write_bytes(content_of(shown))
    assert run(["init"]) == 0
    capsys.readouterr()
    code = run(["import", str(path), "--mapping", str(tmp_path / "gallery.toml")])
    output = capsys.readouterr()
    shown_text = " ".join((output.out + output.err).split())
    outcome, _, sentences = shown["outcome"].partition(": ")
    assert code == {"read": 0, "refused": 2}[outcome], shown_text
    for sentence in re.findall(r"`([^`]+)`", sentences):
        assert sentence in shown_text


def test_every_workbook_is_on_the_page_and_the_gallery_is_not_empty():
    files = {shown["file"] for shown in gallery()}
    assert WORKBOOKS.keys() <= files
    assert len(files) >= 20
