"""Builds the contact files that the tests read: a mapping, rows, and each kind of file from them."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from gateways.contact_mapping import ContactMapping
from gateways.contacts import Check, check

HEADER = ["编号", "时间", "内容", "客户", "电话", "答复", "答复时间"]
MAPPING: dict[str, Any] = {
    "source": {
        "name": "desk",
        "kind": "complaint",
        "pack": "logistics",
        "zone": "Asia/Shanghai",
        "formats": ["%Y/%m/%d %H:%M:%S"],
    },
    "contact": {"row_id": "编号", "at": "时间", "text": "内容", "customer": "客户", "phone": "电话"},
    "reply": {"text": "答复", "at": "答复时间"},
}


def mapping(**source: object) -> ContactMapping:
    """Return the mapping of `HEADER`, with other settings of its source."""
    return ContactMapping.model_validate(MAPPING | {"source": MAPPING["source"] | source})


def row(row_id: object = "1", at: object = "2024/3/5 09:00:00", text: object = "货物迟到两天", *more: object):
    """Return a row under `HEADER`, without customer, phone and reply unless given."""
    return [row_id, at, text, *more, *[None] * (4 - len(more))]


def csv_text(*rows: list[Any], header: list[str] | None = None) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header or HEADER, *rows])
    return out.getvalue()


def csv_file(folder: Path, *rows: list[Any], encoding: str = "utf-8", header: list[str] | None = None) -> Path:
    return raw_file(folder, csv_text(*rows, header=header).encode(encoding))


def raw_file(folder: Path, content: bytes, name: str = "contacts.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def workbook(folder: Path, *rows: list[Any], header: list[str] | None = None) -> Path:
    book = Workbook()
    for line in [header or HEADER, *rows]:
        book.worksheets[0].append(line)
    path = folder / "contacts.xlsx"
    book.save(path)
    return path


def jsonl_file(folder: Path, *rows: list[Any]) -> Path:
    lines = [json.dumps(dict(zip(HEADER, line, strict=True)), ensure_ascii=False) for line in rows]
    return raw_file(folder, "\n".join(lines).encode(), "contacts.jsonl")


def refusals(path: Path, **source: object) -> list[tuple[int | None, str | None, str]]:
    """Return row, column and short code of each problem of the file."""
    return [(p.row, p.column, p.code.removeprefix("bad_file.")) for p in checked(path, **source).problems]


def checked(path: Path, **source: object) -> Check:
    return check(path, mapping(**source))
