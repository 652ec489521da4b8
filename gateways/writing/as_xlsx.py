"""A log as an XLSX workbook, written as a stream: one row for each move, every text a text.

Note [Our own workbook]: openpyxl takes a text that begins with = for a formula and spools a sheet to the disk before
it packs it. The few parts that a plain workbook needs are spelled out here; the tests read them back by openpyxl.
"""

from collections.abc import Iterator
from itertools import chain, islice
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

from gateways.writing.escaping import in_xml, is_formula, spelled
from gateways.writing.rows import header, rows
from models.event_log import Log, Value

ROWS = 1_048_576
"""So many rows a sheet holds, its header included; the rest goes to a next sheet."""
LONGEST = 32_767
"""So many characters a cell holds; a longer text is cut and ends in three dots."""
AT_ONCE = 500
Line = list[Value | None]
PLAIN, QUOTED = "", ' s="1"'
"""The second style shows a text as it is even when somebody edits it (the quote prefix)."""

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_STYLES = f"""{_XML}<styleSheet xmlns="{_MAIN}">
<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>
<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>
<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>
<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1" applyNumberFormat="1"/></cellXfs>
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>"""


def write(out: BinaryIO, log: Log, most: int = ROWS) -> None:
    """Write the log, row by row; ``most`` rows to a sheet."""
    names: Line = list(header(log))
    told = rows(log)
    with ZipFile(out, "w", ZIP_DEFLATED, compresslevel=4) as book:
        sheets = 0
        first = next(told, None)
        while sheets == 0 or first is not None:
            sheets += 1
            below = chain([] if first is None else [first], told)
            _sheet(book, sheets, chain((names,), islice(below, most - 1)))
            first = next(told, None)
        for name, text in _frame(sheets):
            book.writestr(name, text)


def _sheet(book: ZipFile, number: int, lines: Iterator[Line]) -> None:
    columns: list[str] = []
    with book.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True) as part:
        part.write(f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
        at = 1
        while some := list(islice(lines, AT_ONCE)):
            columns = columns or [_letters(n) for n in range(len(some[0]))]
            part.write("".join(_row(at + n, columns, line) for n, line in enumerate(some)).encode())
            at += len(some)
        part.write(b"</sheetData></worksheet>")


def _row(at: int, columns: list[str], line: Line) -> str:
    cells = (_cell(f"{column}{at}", value) for column, value in zip(columns, line, strict=True) if value is not None)
    return f'<row r="{at}">{"".join(cells)}</row>'


def _cell(place: str, value: Value) -> str:
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, (int, float)):
        return f'<c r="{place}"><v>{value}</v></c>'
    text = spelled(value)
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 3]}..."
    style = QUOTED if is_formula(text) else PLAIN
    return f'<c r="{place}"{style} t="inlineStr"><is><t xml:space="preserve">{in_xml(text)}</t></is></c>'


def _letters(column: int) -> str:
    """The name of a column, counted from nought: A … Z, AA …"""
    before, last = divmod(column, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)


def _frame(sheets: int) -> Iterator[tuple[str, str]]:
    """The parts that make sheets a workbook."""
    numbers = range(1, sheets + 1)
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>' for n in numbers
    )
    defaults = '<Default Extension="xml" ContentType="application/xml"/>'
    defaults += '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    book = f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    styles = f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
    types = f'{_XML}<Types xmlns="{_PACKAGE}/content-types">{defaults}{book}{styles}{parts}</Types>'
    yield "[Content_Types].xml", types
    yield "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")])
    named = "".join(f'<sheet name="events{n if n > 1 else ""}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    yield "xl/workbook.xml", f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{named}</sheets></workbook>'
    worksheets = [("worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
    yield "xl/_rels/workbook.xml.rels", _relations([*worksheets, ("styles", "styles.xml")])
    yield "xl/styles.xml", _STYLES


def _relations(targets: list[tuple[str, str]]) -> str:
    told = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/{sort}" Target="{target}"/>'
        for n, (sort, target) in enumerate(targets, 1)
    )
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{told}</Relationships>'
