"""Read the objects and events of an OCEL 2.0 log, in JSON, XML or SQLite, as documents of one shape.

An object has ``id``, ``type`` and ``attributes`` (name, value, time); an event has also ``time`` and ``relationships``
(``objectId``). The JSON form of the standard is that shape itself. OCEL 1.0 is another format and refused by its name.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote
from xml.etree.ElementTree import Element, ParseError

import ijson  # pyright: ignore[reportMissingTypeStubs] it ships none
from defusedxml import DefusedXmlException

from gateways.logs.bounded_reading import RECORD_LIMIT, check_json, xml_elements
from gateways.logs.log_files import refused
from gateways.logs.xml_files import xml_source

Document = Mapping[str, Any]
Sort = Literal["objects", "events"]

OCEL_DAMAGE = (ijson.JSONError, ParseError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What the readers raise where the file is no sound OCEL 2.0."""
_SQLITE = b"SQLite format 3\0"
_HEAD = 4096
NOT_A_TABLE = """
SELECT 1 FROM main.sqlite_master WHERE type IN ('view', 'trigger') OR sql LIKE 'CREATE VIRTUAL%' OR
  EXISTS (SELECT 1 FROM pragma_table_xinfo(sqlite_master.name) WHERE hidden <> 0)
"""
"""Finds a view, a trigger, a virtual table or a computed column."""
_FIRST_VERSION = "ocel:"
"""The prefix of every key of OCEL 1.0 in JSON."""


def documents(path: Path, sort: Sort) -> Iterator[Document]:
    """Yield the objects or the events of a log in the order of the file, recognised by its first bytes."""
    with path.open("rb") as handle:
        head = handle.read(_HEAD).lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(_SQLITE):
        yield from _of_sqlite(path, sort)
    elif head.startswith(b"<"):
        yield from _of_xml(path, sort)
    else:
        yield from _of_json(path, sort)


def check_format(path: Path) -> None:
    """Raise ``Unreadable`` for OCEL 1.0 in JSON, whose keys say so, and for a JSON file beyond the limits."""
    with path.open("rb") as handle:
        if handle.read(1) not in {b"{", b"[", b" ", b"\n", b"\r", b"\t", b"\xef"}:
            return
    check_json(path)
    with path.open("rb") as handle:
        for prefix, event, value in ijson.parse(handle):
            if event == "map_key" and prefix == "" and str(value).startswith(_FIRST_VERSION):
                raise refused("bad_log.first_ocel", path)
            if event == "map_key" and prefix == "" and value in {"objects", "events", "objectTypes", "eventTypes"}:
                return


def _of_json(path: Path, sort: Sort) -> Iterator[Document]:
    with path.open("rb") as handle:
        yield from ijson.items(handle, f"{sort}.item", use_float=True)


def _of_xml(path: Path, sort: Sort) -> Iterator[Document]:
    try:
        with xml_source(path) as handle:
            yield from _elements(path, xml_elements(handle, path, depth_of_records=2), sort)
    except DefusedXmlException as error:
        raise refused("bad_log.unsafe_xml", path) from error


def _elements(path: Path, parsed: Iterator[tuple[str, Element]], sort: Sort) -> Iterator[Document]:
    depth, section = 0, ""
    parent: Element | None = None
    for phase, element in parsed:
        name = element.tag.rpartition("}")[2]
        if phase == "start":
            depth += 1
            section, parent = (name, element) if depth == 2 else (section, parent)
            if depth == 1 and name != "log":
                raise refused("bad_log.not_ocel", path)
            continue
        depth -= 1
        if depth == 2 and name in {"object", "event"}:
            if element.get("id") is None:
                raise refused("bad_log.first_ocel", path)
            if section == sort:
                yield _document(element)
            element.clear()
            if parent is not None:
                parent.clear()


def _document(element: Element) -> Document:
    attributes = [
        {"name": attribute.get("name"), "time": attribute.get("time", ""), "value": attribute.text or ""}
        for attribute in element.iterfind("{*}attributes/{*}attribute")
    ]
    related = element.iterfind("{*}objects/{*}relationship")
    return {
        **{name: element.attrib[name] for name in ("id", "type")},
        "time": element.get("time", ""),
        "attributes": attributes,
        "relationships": [{"objectId": relationship.attrib["object-id"]} for relationship in related],
    }


def _of_sqlite(path: Path, sort: Sort) -> Iterator[Document]:
    """Yield the rows of the table of each type, the oldest first."""
    table = sort.removesuffix("s")
    with closing(_database(path)) as database:
        database.execute("CREATE TEMP TABLE related AS SELECT ocel_event_id, ocel_object_id FROM main.event_object")
        database.execute("CREATE INDEX temp.related_event ON related (ocel_event_id)")
        for kind, tail in database.execute(f"SELECT ocel_type, ocel_type_map FROM main.{table}_map_type").fetchall():  # noqa: S608 one of two names
            rows = database.execute(f"SELECT * FROM main.{_quoted(f'{table}_{tail}')} ORDER BY ocel_time")  # noqa: S608 quoted
            yield from (_of_row(database, row, kind, sort) for row in rows)


def _database(path: Path) -> sqlite3.Connection:
    """Open a log's database, which may be forged. Raises ``Unreadable('bad_log.not_ocel')`` where a table is a view.

    A view may never come to an end; so only tables are read, no value longer than a record is made, and nothing of the
    schema is trusted.
    """
    database = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
    database.row_factory = sqlite3.Row
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, RECORD_LIMIT)
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    if database.execute(NOT_A_TABLE).fetchone() is not None:
        database.close()
        raise refused("bad_log.not_ocel", path)
    return database


def _of_row(database: sqlite3.Connection, row: sqlite3.Row, kind: str, sort: Sort) -> Document:
    changed = row["ocel_changed_field"] if "ocel_changed_field" in row.keys() else None  # noqa: SIM118 a row is no dict
    own = [name for name in row.keys() if not name.startswith("ocel_") and changed in {None, name}]  # noqa: SIM118
    values = [(name, row[name]) for name in own if row[name] is not None]
    related = ()
    if sort == "events":
        query = "SELECT ocel_object_id FROM temp.related WHERE ocel_event_id = ? ORDER BY rowid"
        related = database.execute(query, (row["ocel_id"],)).fetchall()
    return {
        "id": row["ocel_id"],
        "type": kind,
        "time": str(row["ocel_time"]),
        "attributes": [{"name": name, "value": value, "time": str(row["ocel_time"])} for name, value in values],
        "relationships": [{"objectId": name} for (name,) in related],
    }


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
