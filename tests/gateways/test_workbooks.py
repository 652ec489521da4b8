"""XLSX workbooks: cells of every type, formulas, and workbooks that are damaged, forged or too large."""

import random
import re
import struct
from datetime import UTC, date, datetime, time
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZipFile

import pytest
from openpyxl import load_workbook

from gateways.contacts import contacts
from gateways.workbooks import UNPACKED_LIMIT
from tests.gateways.contact_files import mapping, raw_file, refusals, row, workbook

SHEET = "xl/worksheets/sheet1.xml"


def repack(path: Path, part: str, change, method: int = ZIP_DEFLATED) -> Path:
    """Change one part of the workbook, or add it if it is missing; return the path."""
    with ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts.get(part, b""))
    with ZipFile(path, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_dates_may_be_cells_or_texts(tmp_path):
    at = datetime(2024, 3, 5, 9, 0)  # noqa: DTZ001 a cell has no zone
    path = workbook(tmp_path, row(1, at), row(2, "2024/3/5 09:00:00"), row(3, date(2024, 3, 5)), row(4, 20240305))
    midnight = datetime(2024, 3, 4, 16, tzinfo=UTC)
    assert [c.at for c in contacts(path, mapping())] == [datetime(2024, 3, 5, 1, tzinfo=UTC)] * 2 + [midnight] * 2


def test_whole_numbers_lose_their_point_and_zero(tmp_path):
    path = workbook(tmp_path, row(2549, "2024-03-05", "迟到", None, 13800138000.0))
    (contact,) = contacts(path, mapping())
    assert (contact.row_id, contact.phone) == ("2549", "13800138000")


@pytest.mark.parametrize("cell", [time(9, 0), "45356.5", "#####"])
def test_a_value_that_is_no_date_is_refused(tmp_path, cell):
    assert refusals(workbook(tmp_path, row(at=cell))) == [(2, "时间", "impossible_date")]


def test_a_number_that_the_spreadsheet_has_rounded_is_refused(tmp_path):
    path = workbook(tmp_path, row(6.22021234567891e17))
    assert refusals(path) == [(2, "编号", "rounded_number")]


def test_a_formula_without_a_value_is_refused(tmp_path):
    assert refusals(workbook(tmp_path, row(), row("2", text="=A1&B1"))) == [(3, "内容", "formula_without_value")]


@pytest.mark.parametrize(
    ("cached", "text"),
    [(' t="str"><f>A1&amp;B1</f><v>算出的话</v>', "算出的话"), (' t="n"><f>A1&amp;B1</f><v>7</v>', "7")],
)
def test_a_formula_with_a_value_gives_its_value(tmp_path, cached, text):
    path = workbook(tmp_path, row("1", "2024-03-05", "=A1&B1"))
    repack(path, SHEET, lambda xml: re.sub(rb"><f>A1.*?</f><v ?/?>(</v>)?", cached.encode(), xml))
    assert [c.text for c in contacts(path, mapping())] == [text]


def test_a_formula_whose_result_is_an_empty_text_is_a_blank_cell(tmp_path):
    path = workbook(tmp_path, row("1", "2024-03-05", "迟到", "=T(A1)"))
    repack(path, SHEET, lambda xml: re.sub(rb"><f>T", b' t="str"><f>T', xml))
    assert [c.customer for c in contacts(path, mapping())] == [None]


def test_text_that_begins_with_an_equals_sign_stays_text(tmp_path):
    path = workbook(tmp_path, row("1", "2024-03-05", "=1+1"))
    book = load_workbook(path)
    book.worksheets[0]["C2"].data_type = "s"
    book.save(path)
    assert [c.text for c in contacts(path, mapping())] == ["=1+1"]


def test_an_error_in_a_mapped_cell_is_refused(tmp_path):
    assert refusals(workbook(tmp_path, row(text="#N/A"))) == [(2, "内容", "error_cell")]


def test_escaped_control_characters_are_read_as_such(tmp_path):
    path = workbook(tmp_path, row(text="一_x000D_\n二"), row("2", text="坏_x0000_字"))
    assert [c.text for c in contacts(path, mapping())] == ["一\r\n二"]
    assert refusals(path) == [(3, "内容", "nul")]


def test_the_sheet_is_the_first_or_the_named_one(tmp_path):
    path = workbook(tmp_path, row())
    book = load_workbook(path)
    book.copy_worksheet(book.worksheets[0]).title = "三月"
    book.worksheets[1]["A2"] = "三月的"
    book.save(path)
    assert [c.row_id for c in contacts(path, mapping())] == ["1"]
    assert [c.row_id for c in contacts(path, mapping(sheet="三月"))] == ["三月的"]
    assert refusals(path, sheet="四月") == [(None, None, "missing_sheet")]


def test_a_wrong_size_in_the_sheet_does_not_hide_rows(tmp_path):
    path = repack(workbook(tmp_path, row(), row("2")), SHEET, lambda xml: xml.replace(b"A1:G3", b"A1:B2"))
    assert len(list(contacts(path, mapping()))) == 2


@pytest.mark.parametrize("content", [b"no zip at all", b"PK\x03\x04 and nothing more", b"\xd0\xcf\x11\xe0" * 200])
def test_a_file_that_is_no_workbook_is_refused(tmp_path, content):
    assert refusals(raw_file(tmp_path, content, "contacts.xlsx")) == [(None, None, "not_a_workbook")]


def test_a_zip_without_a_workbook_is_refused(tmp_path):
    path = tmp_path / "contacts.xlsx"
    with ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")
    assert refusals(path) == [(None, None, "not_a_workbook")]


@pytest.mark.parametrize("part", ["xl/workbook.xml", SHEET, "xl/styles.xml", "[Content_Types].xml"])
def test_a_workbook_with_a_truncated_part_is_refused(tmp_path, part):
    path = repack(workbook(tmp_path, row()), part, lambda xml: xml[: len(xml) // 2])
    assert refusals(path) == [(None, None, "not_a_workbook")]


def test_a_damaged_sheet_is_refused_or_read_but_never_raises(tmp_path):
    dice = random.Random(7)
    pieces = [b"", b"<", b">", b'"', b"/>", b"-1", b"s", b"9" * 30, b"XFD1048576"]

    def damaged(xml: bytes) -> bytes:
        at = dice.randrange(len(xml))
        return xml[:at] + dice.choice(pieces) + xml[at + dice.randrange(5) :]

    for _ in range(100):
        path = repack(workbook(tmp_path, row(), row("2")), SHEET, damaged)
        assert len(list(contacts(path, mapping()))) <= 2
        refusals(path)


def test_a_part_that_expands_too_much_is_a_bomb(tmp_path):
    path = repack(workbook(tmp_path, row()), "xl/media/image1.png", lambda _: bytes(3_000_000))
    assert refusals(path) == [(None, None, "zip_bomb")]


def test_parts_that_are_too_large_together_are_a_bomb(tmp_path):
    heavy = random.Random(7).randbytes(20_000) * (UNPACKED_LIMIT // 20_000)
    mixed = bytearray(heavy)
    mixed[::50] = random.Random(8).randbytes(len(mixed[::50]))
    assert refusals(repack(workbook(tmp_path, row()), "a.bin", lambda _: mixed)) == [(None, None, "zip_bomb")]


def test_a_part_with_a_forged_size_is_a_bomb(tmp_path):
    path = repack(workbook(tmp_path, row()), "a.bin", lambda _: bytes(250_000))
    claimed, real = struct.pack("<I", 1000), struct.pack("<I", 250_000)
    forged = path.read_bytes().replace(real, claimed)
    assert refusals(raw_file(tmp_path, forged, "contacts.xlsx")) == [(None, None, "zip_bomb")]


def test_a_compression_that_no_workbook_uses_is_refused(tmp_path):
    path = repack(workbook(tmp_path, row()), "a.bin", lambda _: b"x", ZIP_LZMA)
    assert refusals(path) == [(None, None, "not_a_workbook")]


@pytest.mark.parametrize("part", ["xl/workbook.xml", SHEET])
def test_entities_in_a_part_are_refused(tmp_path, part):
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    path = repack(workbook(tmp_path, row()), part, lambda xml: laughs + re.sub(rb"^<\?xml.*?\?>", b"", xml))
    assert refusals(path) == [(None, None, "unsafe_xml")]
