"""Read an OCEL 2.0 log (JSON, XML or SQLite) as a stream, flattened to the objects of one type: the cases.

An event related to several cases is an event of each. The objects are kept in a temporary database, not in memory,
because they may come after the events in the file.
"""

import json
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from itertools import islice
from pathlib import Path

from gateways.logs.log_files import Record, Records, refused
from gateways.logs.ocel_formats import OCEL_DAMAGE, Document, check_format, documents
from gateways.problems import Problem, excerpt

ACTIVITY, TIME, ID, TYPE = "ocel:activity", "ocel:timestamp", "ocel:eid", "ocel:type:"
LOOKED_AT = 20_000
"""The most objects and events that are read to find which object type is the case."""


def ocel_records(path: Path, case: str) -> Records:
    """Yield the events of each object of the type ``case`` (``ocel:type:TYPE``), in file order. Raises ``Unreadable``.

    Of an object's attributes, the latest value counts.
    """
    wanted = case.removeprefix(TYPE)
    try:
        check_format(path)
        with tempfile.TemporaryDirectory(prefix="closeloop-log-") as folder, _Objects(Path(folder), wanted) as objects:
            objects.load(path)
            if not objects.count:
                raise refused("bad_log.no_such_object", path, type=excerpt(wanted))
            yield from _records(path, objects)
    except OCEL_DAMAGE as error:
        raise refused("bad_log.not_ocel", path) from error
    except sqlite3.DatabaseError as error:
        raise refused("bad_log.not_ocel", path) from error


def object_types(path: Path) -> list[str]:
    """Return the object types, those related to the most events first, then those with the most objects.

    An order is related to many events; so is its customer, but there are fewer customers than orders.
    """
    try:
        check_format(path)
        of = {str(entry["id"]): str(entry["type"]) for entry in islice(documents(path, "objects"), LOOKED_AT)}
        number = Counter(of.values())
        related_events: Counter[str] = Counter()
        for event in islice(documents(path, "events"), LOOKED_AT):
            related_events.update({of.get(str(entry["objectId"]), "") for entry in event.get("relationships", ())})
    except OCEL_DAMAGE as error:
        raise refused("bad_log.not_ocel", path) from error
    except sqlite3.DatabaseError as error:
        raise refused("bad_log.not_ocel", path) from error
    most = max(related_events.values(), default=0)
    return sorted(number, key=lambda name: (related_events[name] < 0.8 * most, -number[name]))


def _records(path: Path, objects: "_Objects") -> Records:
    for place, event in enumerate(documents(path, "events"), 1):
        cells = _attributes(event) | {ACTIVITY: str(event["type"]), TIME: str(event["time"]), ID: str(event["id"])}
        related = dict.fromkeys(str(relationship["objectId"]) for relationship in event.get("relationships", ()))
        cases = [(name, attributes) for name in related if (attributes := objects.attributes(name)) is not None]
        if not cases:
            yield Problem(place, None, "bad_log.no_case")
        for name, attributes in cases:
            yield Record(place, cells | {objects.column: name}, attributes)


def _attributes(document: Document) -> dict[str, str]:
    """Return the attributes of an event or an object: the latest value of each."""
    listed = sorted(document.get("attributes", ()), key=lambda attribute: str(attribute.get("time", "")))
    return {str(attribute["name"]): str(attribute["value"]) for attribute in listed}


class _Objects:
    """The objects of one type, in a temporary SQLite database."""

    def __init__(self, folder: Path, wanted: str) -> None:
        self.column = TYPE + wanted
        self._wanted = wanted
        self._database = sqlite3.connect(folder / "objects", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE object (id TEXT PRIMARY KEY, attributes TEXT) WITHOUT ROWID")
        self.count = 0

    def __enter__(self) -> "_Objects":
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def load(self, path: Path) -> None:
        """Store all objects of the type."""
        self._database.execute("BEGIN")  # never committed: the file is deleted after the reading
        for entry in documents(path, "objects"):
            if entry["type"] == self._wanted:
                known = self.attributes(name := str(entry["id"]))  # SQLite has a row for each change
                row = (name, json.dumps((known or {}) | _attributes(entry)))
                self._database.execute("INSERT OR REPLACE INTO object VALUES (?, ?)", row)
                self.count += known is None

    def attributes(self, name: str) -> dict[str, str] | None:
        """Return the attributes of an object of the type; None for any other object."""
        with closing(self._database.execute("SELECT attributes FROM object WHERE id = ?", (name,))) as cursor:
            row = cursor.fetchone()
        return None if row is None else json.loads(row[0])
