"""Texts and files that an attacker, a broken program or a careless person would hand to a command.

Everything is seeded: the same seed gives the same inputs.
"""

import gzip
import io
import json
import os
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random

LONG = 70_000
"""More characters than any text may have."""

TEXTS = (
    "", " ", "\u200b", "-", "--", "0", "-1", "9" * 5000, "-" + "9" * 30, "1e999999", "1" + "0" * 400, "0x10",
    "NaN", "inf", "1.000", "１２", "١٢", "\x1b]0;owned\x07", "\x1b[2J", "\x9b31m", "a\u202eb", "ad\u200bmin",
    "\ufeffamy", "a\r\nBcc: x@y.zz", "tab\tnewline\n", "\udcff", "\ud800", "💣" * 50, "王" * 200, "x" * LONG,
    "=1+1", "@SUM(A1)", "%s%n{0}{x!r}", "{number}", "[bold red]x[/]", "[/]", "\\", "'; DROP TABLE cases; --",
    '"', "../../etc/passwd", "/etc/passwd", "/dev/zero", "~", "*", "Asia", "Asia/Shanghai/..",
    "../../etc/localtime", "UTC+25", "9999-12-31T23:59:59.999999-14:00", "9999-12-31T23:59:59+14:00",
    "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00-00:00", "2026-03-01T08:00:00-00:00", "2026-02-30",
    "2026-13", "0000-00-00", "9999-12-31", "0001-01-01", "2026-W01-1", "20260301", "2026-03-01T24:00:00Z",
    "cp-26-000001", "cp-26-" + "9" * 40, "cp-99-000000", "amy", "system", "import", "zh_CN", "a=b", "=",
    "note=" + "x" * LONG, "reason=\x1b[31m", "due_at=9999-12-31T23:59:59-14:00", "fee=" + "9" * 5000, "a@b@c",
    "a@b.cc\nBcc: d@e.ff", "<" + " " * 400, "1" * 400 + ")", "(" * 400, "utf-7", "idna", "hex", "rot13",
    "undefined", "unicode_escape", "zip", "utf-16\0",
)  # fmt: skip
"""Texts for options and arguments. None with a NUL can be an argument; half a character is what bad UTF-8 becomes."""


def texts() -> list[str]:
    """Return the hostile texts that an operating system can pass as an argument."""
    return [text for text in TEXTS if "\0" not in text]


Writer = Callable[[Path], object]


def _bytes(content: bytes) -> Writer:
    return lambda path: path.write_bytes(content)


def _text(content: str) -> Writer:
    return _bytes(content.encode())


def _link(target: str) -> Writer:
    return lambda path: path.symlink_to(path.name if target == "." else target)


@cache
def places() -> dict[str, Writer]:
    """Return what may stand at the place of any file: nothing, a folder, a pipe, a device, a loop."""
    return {
        "missing": lambda _: None,
        "folder": lambda path: path.mkdir(),
        "pipe": os.mkfifo,
        "zeros": _link("/dev/zero"),
        "random": _link("/dev/urandom"),
        "loop": _link("."),
        "dangling": _link("/nonexistent/file"),
        "empty": _bytes(b""),
        "nul": _bytes(b"\0" * 5000),
        "noise": _bytes(Random(1).randbytes(20_000)),
        "high": _bytes(b"\xff\xfe" * 3000),
        "blanks": _bytes(b" \n" * 200_000),
        "one line": _bytes(b"a" * 5_000_000),
        "deep brackets": _bytes(b"[" * 500_000),
        "deep braces": _bytes(b'{"a":' * 200_000),
        "quotes": _bytes(b'"' * 500_001),
        "commas": _bytes(b"," * 2_000_000),
        "escapes": _text("\x1b]0;owned\x07\x9b31m\u202e,\u200b\n" * 500),
        "surrogates": _bytes(b"\xed\xa0\x80" * 500),
        "gzip bomb": _bytes(gzip.compress(bytes(200_000_000), 1)),
    }


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE log [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><log><trace><event><string key='x' value='&j;'/></event></trace></log>"
)
EXTERNAL = '<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/passwd">]><log>&x;</log>'
EVENT = '<event><string key="concept:name" value="{}"/><date key="time:timestamp" value="{}"/></event>'


def _xes(*events: str) -> str:
    return f'<log><trace><string key="concept:name" value="t1"/>{"".join(events)}</trace></log>'


@cache
def xml_files() -> dict[str, Writer]:
    return {
        "laughs": _text(LAUGHS),
        "external": _text(EXTERNAL),
        "deep": _text("<log>" + "<a>" * 300_000),
        "huge attribute": _text(_xes(EVENT.format("x" * 8_000_000, "2024-03-01T08:00:00Z"))),
        "huge text": _text(f"<log>{'x' * 30_000_000}</log>"),
        "endless record": _text(f"<log><trace><event>{'<a/>' * 4_000_000}</event></trace></log>"),
        "many attributes": _text("<log " + " ".join(f'a{n}="1"' for n in range(200_000)) + "></log>"),
        "year 9999": _text(_xes(EVENT.format("Resolve", "9999-12-31T23:59:59.999-14:00"))),
        "year 1": _text(_xes(EVENT.format("Resolve", "0001-01-01T00:00:00+14:00"))),
        "escape": _text(_xes(EVENT.format("&#x202e;&#x9b;31m", "2024-03-01T08:00:00Z"))),
    }


@cache
def json_files() -> dict[str, Writer]:
    event = {
        "id": "e1",
        "type": "Resolve",
        "time": "2024-03-01T08:00:00Z",
        "relationships": [{"objectId": "t\0\ud800"}],
    }
    log = {"objectTypes": [], "eventTypes": [], "objects": [{"id": "t\0\ud800", "type": "ticket"}], "events": [event]}
    number = f'{{"objects": [{{"id": {"9" * 5000}, "type": "ticket"}}], "events": [{{"id": 1e999999}}]}}'
    return {
        "nul in ids": _text(json.dumps(log)),
        "large numbers": _text(number),
        "huge string": _text('{"objects": [], "events": [{"id": "' + "x" * 30_000_000 + '"}]}'),
        "endless record": _text('{"objects": [{"id": "a", "attributes": [' + "1," * 8_000_000 + "1]}]}"),
        "deep": _text('{"events": ' + "[" * 100_000),
        "no object": _text("[1, 2]"),
        "null": _text("null"),
        "other shapes": _text('{"events": {"a": 1}, "objects": "x"}'),
    }


def _database(*statements: str) -> Writer:
    def write(path: Path) -> None:
        with sqlite3.connect(path) as database:
            for statement in statements:
                database.execute(statement)
        database.close()

    return write


ENDLESS = """
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS ocel_event_id, x AS ocel_object_id FROM n
"""


@cache
def sqlite_files() -> dict[str, Writer]:
    return {
        "endless view": _database(f"CREATE VIEW event_object AS {ENDLESS}"),
        "huge value": _database("CREATE TABLE event_object (ocel_event_id, ocel_object_id)",
                                "INSERT INTO event_object VALUES (zeroblob(60000000), 1)"),
        "no tables": _database("CREATE TABLE x (y)"),
    }  # fmt: skip


def _zip(parts: dict[str, bytes]) -> Writer:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return _bytes(packed.getvalue())


MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PARTS = {
    "workbook": "sheet.main",
    "worksheets/sheet1": "worksheet",
    "sharedStrings": "sharedStrings",
    "styles": "styles",
}


def _relations(sort: str, target: str) -> bytes:
    link = f'<Relationship Id="r1" Type="{RELATION}/{sort}" Target="{target}"/>'
    return f'<Relationships xmlns="{PACKAGE}/relationships">{link}</Relationships>'.encode()


def _types() -> bytes:
    parts = (
        f'<Override PartName="/xl/{part}.xml" ContentType="{SHEET_TYPE}.{kind}+xml"/>' for part, kind in PARTS.items()
    )
    return f'<Types xmlns="{PACKAGE}/content-types">{"".join(parts)}</Types>'.encode()


BOOK = b'<sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>'
WORKBOOK = {
    "[Content_Types].xml": _types(),
    "_rels/.rels": _relations("officeDocument", "xl/workbook.xml"),
    "xl/workbook.xml": b"<workbook " + MAIN + f' xmlns:r="{RELATION}">'.encode() + BOOK,
    "xl/sharedStrings.xml": b"<sst " + MAIN + b"/>",
    "xl/styles.xml": b"<styleSheet " + MAIN + b"/>",
    "xl/_rels/workbook.xml.rels": _relations("worksheet", "worksheets/sheet1.xml"),
}


def _workbook(rows: bytes, **parts: bytes) -> Writer:
    sheet = b"<worksheet " + MAIN + b"><sheetData>" + rows + b"</sheetData></worksheet>"
    return _zip(
        WORKBOOK | {"xl/worksheets/sheet1.xml": sheet} | {f"xl/{name}.xml": part for name, part in parts.items()}
    )


def _numbered(form: bytes) -> bytes:
    """Return a hundred thousand elements that differ, so that they do not pack too well."""
    return b"".join(form % (n * 7919 % 999_983) for n in range(100_000))


@cache
def workbook_files() -> dict[str, Writer]:
    wide = b"".join(b'<row r="%d"><c r="XFD%d"><v>%d</v></c></row>' % (n, n, n) for n in range(1, 3001))
    strings = (
        b"<sst "
        + MAIN
        + b">"
        + b"".join(b"<si><t>%d</t></si>" % (n * 7919 % 999_983) for n in range(100_000))
        + b"</sst>"
    )
    styles = b"<styleSheet " + MAIN + b"><cellXfs>" + _numbered(b'<xf numFmtId="%d"/>') + b"</cellXfs></styleSheet>"
    return {
        "bomb": _zip({"xl/worksheets/sheet1.xml": b"\0" * 90_000_000}),
        "no workbook": _zip({"a.txt": b"x"}),
        "last row": _workbook(b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>'),
        "last column": _workbook(wide),
        "strings": _workbook(b"", sharedStrings=strings),
        "styles": _workbook(b"", styles=styles),
        "laughs": _zip(WORKBOOK | {"xl/worksheets/sheet1.xml": LAUGHS.encode()}),
    }


def toml_files(sample: str) -> dict[str, Writer]:
    return {
        "deep list": _text("a = " + "[" * 100_000),
        "deep key": _text(".".join(["a"] * 50_000) + " = 1"),
        "long key lines": _text("".join(f"k{n}.{'.'.join(['a'] * 90)} = 1\n" for n in range(5000))),
        "digits": _text(sample + "\nzzz = " + "9" * 5000),
        "exponent": _text(sample + "\nzzz = 1e999999"),
        "not a number": _text(sample + "\nzzz = nan"),
        "too long": _text(sample + "\n#" + "x" * 3_000_000),
        "table as value": _text("source = 1\nevent = []\ncontact = 'x'\n"),
    }


def table_files(sample: str) -> dict[str, Writer]:
    head, *rows = sample.splitlines() or [""]
    first = rows[0] if rows else ""
    return {
        "columns": _text(",".join(f"c{n}" for n in range(200_000)) + "\n1\n"),
        "open quote": _text(head + '\n"' + "x" * 6_000_000),
        "escapes": _text("\n".join([head, first.replace("W-001", "\x1b]0;x\x07\x9b31m\u202e")])),
        "nul": _text("\n".join([head, first[:3] + "\0" + first[3:], *rows[1:3]])),
        "long cells": _text("\n".join([head, ",".join("9" * 60_000 for _ in head.split(","))])),
        "brackets": _text("\n".join([head, ",".join("(" + "1" * 30_000 for _ in head.split(","))])),
        "dates": _text("\n".join([head, first.replace("2026-03-02 09:00", "9999-12-31T23:59:59-14:00")])),
        "year 1": _text("\n".join([head, first.replace("2026-03-02 09:00", "0001-01-01T00:00:00+14:00")])),
    }


@cache
def mail_files() -> dict[str, Writer]:
    nested = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(3000))
    returned = "--x\nContent-Type: text/rfc822-headers\n\nMessage-ID: <a@closeloop>\nTo: "
    report = "Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\n"
    return {
        "nested": _text(nested),
        "long header": _text(report + "Action: failed\nFinal-Recipient: rfc822;" + "(" * 900_000 + "\n"),
        "addresses": _text(f"{report}Action: failed\n\n{returned}{'a@b.cc,' * 100_000}\n--x--"),
        "many parts": _text(report + "--x\nContent-Type: text/plain\n\n" * 50_000),
        "mbox": _text("From x\n" * 100_000),
    }  # fmt: skip


INSERTED = (b"\0", b"\xff", b"\x1b[2J", "\u202e".encode(), b'"', b"\n", b"[", b"=", b"9" * 400)


def mutations(sample: bytes, number: int, seed: int) -> Iterator[tuple[str, Writer]]:
    """Yield a number of damaged copies of a sound file: cut, repeated, shuffled, with bytes changed or put in."""
    random = Random(seed)
    for n in range(number):
        content = bytearray(sample)
        for _ in range(random.randint(1, 6)):
            at = random.randrange(len(content) + 1)
            match random.randrange(5):
                case 0:
                    del content[at:]
                case 1:
                    content[at:at] = random.choice(
                        [b"\0", b"\xff", b"\x1b[2J", "\u202e".encode(), b'"', b"\n", b"[", b"=", b"9" * 400]
                    )
                case 2:
                    end = min(len(content), at + random.randint(1, 40))
                    content[at:at] = content[at:end] * random.randint(1, 50)
                case 3:
                    del content[at : at + random.randint(1, 60)]
                case _:
                    if at < len(content):
                        content[at] = random.randrange(256)
        yield f"mutation {n}", _bytes(bytes(content))
