"""Reading an OCEL 2.0 log (JSON) as a stream, as seen from the objects of one type: the cases.

An event that concerns several cases is an event of each. The objects are kept in a file beside, not in memory, for a
log may tell of them after its events.
"""

import json
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import ijson  # pyright: ignore[reportMissingTypeStubs] it ships none

from gateways.logs.records import Record, Records
from gateways.logs.unpacking import refused
from gateways.problems import Problem, excerpt

ACTIVITY, TIME, ID, TYPE = "ocel:activity", "ocel:timestamp", "ocel:eid", "ocel:type:"
LOOK = 20_000
"""So many objects and events are looked at to see which type of object is a case."""
_DAMAGE = (ijson.JSONError, ValueError, KeyError, TypeError, AttributeError, RecursionError)

Told = Mapping[str, Any]


def ocel_records(path: Path, case: str) -> Records:
    """The events of each object whose type ``case`` names (``ocel:type:TYPE``), in file order. Raises ``Unreadable``.

    An object's attributes are those it has in the end: the latest value of each.
    """
    wanted = case.removeprefix(TYPE)
    try:
        with tempfile.TemporaryDirectory(prefix="closeloop-log-") as folder, _Objects(Path(folder), wanted) as objects:
            objects.learn(path)
            if not objects.count:
                raise refused("bad_log.no_such_object", path, type=excerpt(wanted))
            yield from _records(path, objects)
    except _DAMAGE as error:
        raise refused("bad_log.not_ocel", path) from error
    except sqlite3.Error as error:
        raise refused("bad_file.unreadable_file", path) from error


def object_types(path: Path) -> list[str]:
    """The types of objects, those first that the most events concern, and then those with the most objects.

    An order is concerned by many events; its customer, too, but there are fewer customers than orders.
    """
    try:
        of = {str(one["id"]): str(one["type"]) for one in islice(_parts(path, "objects"), LOOK)}
        number = Counter(of.values())
        concerned: Counter[str] = Counter()
        for event in islice(_parts(path, "events"), LOOK):
            concerned.update({of.get(str(one["objectId"]), "") for one in event.get("relationships", ())})
    except _DAMAGE as error:
        raise refused("bad_log.not_ocel", path) from error
    most = max(concerned.values(), default=0)
    return sorted(number, key=lambda name: (concerned[name] < 0.8 * most, -number[name]))


def _records(path: Path, objects: "_Objects") -> Records:
    for place, event in enumerate(_parts(path, "events"), 1):
        cells = _attributes(event) | {ACTIVITY: str(event["type"]), TIME: str(event["time"]), ID: str(event["id"])}
        related = dict.fromkeys(str(one["objectId"]) for one in event.get("relationships", ()))
        cases = [(name, told) for name in related if (told := objects.told(name)) is not None]
        if not cases:
            yield Problem(place, None, "bad_log.no_case")
        for name, told in cases:
            yield Record(place, cells | {objects.column: name}, told)


def _parts(path: Path, name: str) -> Iterator[Told]:
    with path.open("rb") as handle:
        yield from ijson.items(handle, f"{name}.item", use_float=True)


def _attributes(told: Told) -> dict[str, str]:
    """An event's attributes, or an object's: of one that has changed, the latest value."""
    listed = sorted(told.get("attributes", ()), key=lambda one: str(one.get("time", "")))
    return {str(one["name"]): str(one["value"]) for one in listed}


class _Objects:
    """The objects of one type, in a small database of their own that lives as long as the reading."""

    def __init__(self, folder: Path, wanted: str) -> None:
        self.column = TYPE + wanted
        self._wanted = wanted
        self._base = sqlite3.connect(folder / "objects", isolation_level=None)
        self._base.execute("PRAGMA journal_mode = OFF")
        self._base.execute("CREATE TABLE object (id TEXT PRIMARY KEY, told TEXT) WITHOUT ROWID")
        self.count = 0

    def __enter__(self) -> "_Objects":
        return self

    def __exit__(self, *_: object) -> None:
        self._base.close()

    def learn(self, path: Path) -> None:
        """Read all objects of the type."""
        self._base.execute("BEGIN")  # and never ended: nobody else reads it, and it goes with the reading
        for one in _parts(path, "objects"):
            if one["type"] == self._wanted:
                row = (str(one["id"]), json.dumps(_attributes(one)))
                self._base.execute("INSERT OR REPLACE INTO object VALUES (?, ?)", row)
                self.count += 1

    def told(self, name: str) -> dict[str, str] | None:
        """What is known of an object of the type; None for any other."""
        with closing(self._base.execute("SELECT told FROM object WHERE id = ?", (name,))) as found:
            row = found.fetchone()
        return None if row is None else json.loads(row[0])
