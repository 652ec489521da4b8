#!/usr/bin/env python3
"""Checks a store of closeloop on a machine that has nothing of closeloop: one file, Python 3.11 or later, no package.

    python verify.py SOURCE --anchors FOLDER [--key anchor.pub] [--state FILE]

SOURCE is the SQLite file of a store, a file that `closeloop backup` wrote, the bundle of one case, which brings its own
anchor (`closeloop case bundle`), or a folder with CSV files that psql wrote
(`\\copy (SELECT * FROM cases) TO 'cases.csv' CSV HEADER`, and transition, statement, journal, party alike). FOLDER has
anchors.jsonl and the leaves; a backup brings its own, but those that were published elsewhere are the better witness.
FILE remembers what was seen, and `FILE.heads` every case's head: whatever was there at the last visit must still be
there. It belongs to whoever checks, on his own machine.

It stays one long file on purpose: an auditor copies it to his own machine and reads from top to bottom what he trusts.

Exit 0: whole. 1: it could not be checked. 2: faults, one line each: case, transition, fault.
"""

import argparse
import base64
import csv
import hashlib
import json
import sqlite3
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

GENESIS = "0" * 64
SETTLED = 60_000_000
HASHED = (
    *("case_id", "seq", "move", "source", "dest", "cycle", "level", "actor_id", "via", "occurred_at", "recorded_at"),
    *("inferred", "lifecycle", "form"),
)
JOURNAL = "journal-0"
JOURNALLED = ("seq", "at", "made_by", "subject", "key", "digest")
NUMBERS = {
    *("id", "at", "case_id", "seq", "version", "cycle", "level", "actor_id", "occurred_at", "recorded_at", "erased_at"),
    "inferred",
}
EMPTY_IS_NULL = {"erased_at", "content", "name", "phone", "email", "erasure_reason"}
TABLES = {
    "cases": ("id", "number", "version", "head", "state", "cycle", "level"),
    "transition": (*HASHED, "hash"),
    "statement": ("case_id", "seq", "field", "salt", "content", "erased_at"),
    "attachment": ("id", "salt", "digest", "erased_at"),
    "journal": (*JOURNALLED, "hash"),
    "party": ("id", "name", "phone", "email", "erased_at", "erasure_reason"),
}
LATER = {"attachment", "journal", "party"}
"""Tables that a store of an earlier release or a bundle does not have, or not with these columns."""
PROOF = "proof.json"
NEWEST_ERASURE = "SELECT digest FROM journal WHERE subject = 'erasure' AND key = ? ORDER BY seq DESC LIMIT 1"
NEWEST_OF_CUSTOMER = "SELECT digest FROM journal WHERE subject = 'party_erasure' AND key = ? ORDER BY seq DESC LIMIT 1"
EMPTIED = """
SELECT id, name, phone, email, erased_at, erasure_reason FROM party
 WHERE erased_at IS NOT NULL OR erasure_reason IS NOT NULL OR (name IS NULL AND phone IS NULL AND email IS NULL)
"""
CAME_BACK = """
SELECT j.key FROM journal j LEFT JOIN party p ON p.id = CAST(substr(j.key, 2, length(j.key) - 2) AS INTEGER)
 WHERE j.subject = 'party_erasure' AND j.digest <> '' AND p.erased_at IS NULL
"""
Fault = tuple[str, int, str]


class Unreadable(Exception):
    """What was given cannot be checked at all."""


# What is signed, hashed and kept: the same bytes as closeloop writes


def canonical(value: Any) -> str:
    """JSON with sorted keys and no blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=repr)


def sha256(*parts: bytes) -> bytes:
    """The digest of the parts, one after the other."""
    return hashlib.sha256(b"".join(parts)).digest()


def merkle(leaves: Iterable[bytes]) -> bytes:
    """The root over the leaves in the shape of RFC 6962."""
    complete: list[bytes] = []
    for count, leaf in enumerate(leaves):
        node, pairs = sha256(b"\x00", leaf), count
        while pairs & 1:
            node, pairs = sha256(b"\x01", complete.pop(), node), pairs >> 1
        complete.append(node)
    if not complete:
        return sha256(b"")
    *lefts, node = complete
    for left in reversed(lefts):
        node = sha256(b"\x01", left, node)
    return node


# Ed25519 (RFC 8032): checking needs no secret, so it need not be fast or hide how long it takes

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]


def _x_of(y: int, odd: int) -> int:
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and odd):
        raise ValueError("not on the curve")
    return P - x if x & 1 != odd else x


def _point(read: bytes) -> Point:
    y, odd = int.from_bytes(read, "little") & (2**255 - 1), read[31] >> 7
    if y >= P:
        raise ValueError("not on the curve")
    x = _x_of(y, odd)
    return x, y, 1, x * y % P


def _sum(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(factor: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            total = _sum(total, point)
        point, factor = _sum(point, point), factor >> 1
    return total


BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(public: str, signature: str, text: str) -> bool:
    """Whether the key signed the text (RFC 8032, 5.1.7)."""
    try:
        key, sign = bytes.fromhex(public), bytes.fromhex(signature)
        if len(key) != 32 or len(sign) != 64 or (scalar := int.from_bytes(sign[32:], "little")) >= ORDER:
            return False
        k = int.from_bytes(hashlib.sha512(sign[:32] + key + text.encode()).digest(), "little") % ORDER
        one, other = _times(scalar, BASE), _sum(_point(sign[:32]), _times(k, _point(key)))
    except ValueError:
        return False
    return (one[0] * other[2] - other[0] * one[2]) % P == 0 and (one[1] * other[2] - other[1] * one[2]) % P == 0


# Where the rows come from


def opened(source: Path, aside: Path) -> sqlite3.Connection:
    """The source as a SQLite database that nobody writes to; ``aside`` takes what must be unpacked."""
    if source.is_dir():
        return _loaded(source, aside)
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as packed:
            for name in packed.namelist():
                if name in ("closeloop.db", PROOF) or name.startswith(("tables/", "anchors/", "attachments/")):
                    packed.extract(name, aside)
        inside = aside / "closeloop.db"
        return _there(inside) if inside.exists() else _loaded(aside / "tables", aside)
    return _there(source)


def _there(file: Path) -> sqlite3.Connection:
    try:
        raw = sqlite3.connect(f"file:{file.resolve()}?mode=ro", uri=True)
        raw.text_factory = _text
        for table, columns in TABLES.items():
            present = {row[1] for row in raw.execute(f"PRAGMA table_info({table})")}
            if table in LATER and not present.issuperset(columns):
                raw.execute(f"CREATE TEMP TABLE {table} ({', '.join(columns)})")
            raw.execute(f"SELECT {', '.join(columns)} FROM {table} LIMIT 0")  # noqa: S608
    except sqlite3.Error as error:
        raise Unreadable(f"{file}: {error}") from None
    return raw


def _text(stored: bytes) -> str:
    """The text of a column; bytes that are no UTF-8 are kept, so that the row is reported and the rest is read."""
    return stored.decode("utf-8", "surrogateescape")


def _loaded(folder: Path, aside: Path) -> sqlite3.Connection:
    raw = sqlite3.connect(aside / "loaded.db")
    raw.text_factory = _text
    for table, columns in TABLES.items():
        kinds = ", ".join(f"{name} {'INTEGER' if name in NUMBERS else 'TEXT'}" for name in columns)
        raw.execute(f"CREATE TABLE {table} ({kinds})")
        holes = ", ".join("?" * len(columns))
        if table in LATER and not _has(folder / f"{table}.csv", columns):
            continue
        raw.executemany(f"INSERT INTO {table} VALUES ({holes})", _rows(folder / f"{table}.csv", columns))  # noqa: S608
    raw.execute("CREATE INDEX by_case ON transition (case_id, seq)")
    raw.execute("CREATE INDEX said ON statement (case_id, seq)")
    raw.execute("CREATE INDEX entered ON journal (subject, key, seq)")
    raw.execute("CREATE INDEX customer ON party (id)")
    raw.commit()
    return raw


def _has(file: Path, columns: tuple[str, ...]) -> bool:
    """Whether the file is there and has these columns."""
    try:
        with file.open(encoding="utf-8", errors="surrogateescape", newline="") as text:
            return set(next(csv.reader(text), ())).issuperset(columns)
    except (OSError, csv.Error):
        return False


def _rows(file: Path, columns: tuple[str, ...]) -> Iterator[list[Any]]:
    csv.field_size_limit(2**31 - 1)
    try:
        with file.open(encoding="utf-8", errors="surrogateescape", newline="") as text:
            for row in csv.DictReader(text):
                yield [_stored(_read(name, row[name])) for name in columns]
    except (OSError, KeyError, csv.Error) as error:
        raise Unreadable(f"{file}: {type(error).__name__} {error}") from None


def _stored(value: Any) -> Any:
    """A value as SQLite takes it: a text that is no UTF-8 as its bytes."""
    if isinstance(value, str) and not value.isprintable():
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-8", "surrogateescape")
    return value


def _read(name: str, cell: Any) -> Any:
    if not isinstance(cell, str):  # a row that is too short or too long
        return None
    if name == "inferred":
        return cell in {"t", "true", "1"}
    if name == "salt":
        try:
            return bytes.fromhex(cell.removeprefix("\\x")) if cell else None
        except ValueError:
            return cell
    return None if cell == "" and name in EMPTY_IS_NULL else cell


# The chains


class Beside:
    """The rows of a table, case by case, to be read beside the cases in the order of their ids."""

    def __init__(self, raw: sqlite3.Connection, table: str, columns: tuple[str, ...], order: str) -> None:
        query = f"SELECT {', '.join(columns)} FROM {table} ORDER BY case_id, {order}"  # noqa: S608
        self._rows = (dict(zip(columns, row, strict=True)) for row in raw.execute(query))
        self.strays = 0
        self._next = self._following()

    def _following(self) -> dict[str, Any] | None:
        """The next row that names a case by a number; any other one is a stray."""
        for row in self._rows:
            if isinstance(row["case_id"], int | float):
                return row
            self.strays += 1
        return None

    def of(self, case_id: float) -> list[dict[str, Any]]:
        """The rows of that case; what belongs to no case before it is a stray."""
        mine: list[dict[str, Any]] = []
        while self._next is not None and self._next["case_id"] <= case_id:
            if self._next["case_id"] == case_id:
                mine.append(self._next)
            else:
                self.strays += 1
            self._next = self._following()
        return mine


def chain_faults(raw: sqlite3.Connection) -> Iterator[Fault]:
    """Every transition that does not follow from the one before, every row and every text that does not fit."""
    steps = Beside(raw, "transition", (*HASHED, "hash"), "seq")
    texts = Beside(raw, "statement", TABLES["statement"], "seq, field")
    for row in raw.execute(f"SELECT {', '.join(TABLES['cases'])} FROM cases ORDER BY id"):  # noqa: S608
        case = dict(zip(TABLES["cases"], row, strict=True))
        if not isinstance(case["id"], int):
            yield _shown(case["number"]), 0, "unreadable"
            continue
        history, texts_of_case = steps.of(case["id"]), texts.of(case["id"])
        yield from _as_far_as_readable(case, _case_faults(case, history))
        found = ((case["number"], seq, what) for seq, what in _text_faults(history, texts_of_case))
        yield from _as_far_as_readable(case, found)
        yield from _as_far_as_readable(case, _erasure_faults(raw, case, texts_of_case))
    for name, table in (("transition", steps), ("statement", texts)):
        table.of(float("inf"))
        if table.strays:
            yield "", 0, f"stray_{name}"


def _as_far_as_readable(case: dict[str, Any], faults: Iterator[Fault]) -> Iterator[Fault]:
    """The faults of a case, and that it is unreadable where another type stands in place of a number or a text."""
    try:
        yield from faults
    except (TypeError, ValueError, AttributeError, RecursionError, OverflowError):
        yield _shown(case["number"]), case["version"] if isinstance(case["version"], int) else 0, "unreadable"


def _shown(value: Any) -> str:
    """A value in place of a case number, as it can be printed on one line."""
    return value if isinstance(value, str) else repr(value)[:80]


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def journal_faults(raw: sqlite3.Connection) -> Iterator[Fault]:
    """Every entry of the journal that does not follow from the one before."""
    before, count = GENESIS, 0
    for count, row in enumerate(raw.execute(f"SELECT {', '.join(TABLES['journal'])} FROM journal ORDER BY seq"), 1):  # noqa: S608
        entry = dict(zip(TABLES["journal"], row, strict=True))
        hashed = {name: entry[name] for name in JOURNALLED}
        place = entry["seq"] if isinstance(entry["seq"], int) else count
        if entry["seq"] != count:
            yield JOURNAL, place, "gap"
        if sha256(_encoded(f"{before}\n{canonical(hashed)}")).hex() != entry["hash"]:
            yield JOURNAL, place, "hash"
        before = entry["hash"]


def _case_faults(case: dict[str, Any], history: list[dict[str, Any]]) -> Iterator[Fault]:
    before, state = GENESIS, ""
    for at, row in enumerate(history, start=1):
        told = {name: row[name] for name in HASHED} | {"case": case["number"], "inferred": bool(row["inferred"])}
        if row["seq"] != at:
            yield case["number"], row["seq"], "gap"
        if row["source"] != state:
            yield case["number"], row["seq"], "skipped_state"
        if sha256(_encoded(f"{before}\n{canonical(told)}")).hex() != row["hash"]:
            yield case["number"], row["seq"], "hash"
        before, state = row["hash"], row["dest"]
    last = history[-1] if history else {"seq": 0, "cycle": 0, "level": 0}
    if before != case["head"]:
        yield case["number"], len(history), "head"
    if (state, last["seq"], last["cycle"], last["level"]) != tuple(
        case[name] for name in ("state", "version", "cycle", "level")
    ):
        yield case["number"], case["version"], "row"


def _text_faults(history: list[dict[str, Any]], texts: list[dict[str, Any]]) -> Iterator[tuple[int, str]]:
    kept = {(one["seq"], one["field"]): one for one in texts}
    for row in history:
        for name, value in _form(row["form"]).items():
            if isinstance(value, dict):
                one = kept.pop((row["seq"], name), None)
                if one is None or not _said(one, value):
                    yield row["seq"], f"statement_{name}"
    yield from ((seq, f"statement_{name}_unknown") for seq, name in kept)


def _erasure_faults(raw: sqlite3.Connection, case: dict[str, Any], texts: list[dict[str, Any]]) -> Iterator[Fault]:
    """The texts that were erased, but not by the command: no entry of the journal says who did it.

    A store of a release without a journal can say of no text who erased it.
    """
    if raw.execute("SELECT 1 FROM journal LIMIT 1").fetchone() is None:
        return
    for text in texts:
        if text["erased_at"] is not None and text["content"] is None and text["salt"] is None:
            key = canonical([text["case_id"], text["seq"], text["field"]])
            newest = raw.execute(NEWEST_ERASURE, (key,)).fetchone()
            if newest is None or not newest[0]:
                yield case["number"], text["seq"], f"statement_{text['field']}_erased"


def customer_faults(raw: sqlite3.Connection) -> Iterator[Fault]:
    """The customers who were erased, but not by the command, and those who came back after it.

    Without the table of customers nothing is known of them; a store without a journal cannot say who erased one.
    """
    if None in (raw.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in ("journal", "party")):  # noqa: S608
        return
    for party, *values, erased_at, reason in raw.execute(EMPTIED):
        erasure = {"id": party, "erased_at": erased_at, "erasure_reason": reason}
        digest = sha256(_encoded(canonical({name: value for name, value in erasure.items() if value is not None})))
        newest = raw.execute(NEWEST_OF_CUSTOMER, (f"[{party}]",)).fetchone()
        if newest is None or newest[0] != digest.hex() or any(value is not None for value in values):
            yield "", 0, f"party_erased {party!r}"
    yield from (("", 0, f"party_erased {_shown(key)[1:-1]}") for (key,) in raw.execute(CAME_BACK))


def _form(text: str) -> dict[str, Any]:
    try:
        form = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return {}
    return form if isinstance(form, dict) else {}


def _said(one: dict[str, Any], told: dict[str, Any]) -> bool:
    """Whether a text is the one whose digest was recorded, or was erased and says when."""
    if one["salt"] is None:
        return one["content"] is None and one["erased_at"] is not None
    if one["erased_at"] is not None:
        return False
    if not isinstance(one["salt"], bytes) or not isinstance(one["content"], str | None):
        return False
    return sha256(one["salt"], _encoded(one["content"] or "")).hex() == told.get("sha256")


# The anchors


def read_anchors(folder: Path) -> tuple[list[dict[str, Any]], list[str], list[Fault]]:
    """The anchors, their hashes, and what is wrong with the file itself."""
    faults: list[Fault] = []
    try:
        texts = (folder / "anchors.jsonl").read_text("utf-8").splitlines()
        lines = [json.loads(text) for text in texts]
        number, before, key = 0, None, None
        for text, line in zip(texts, lines, strict=True):
            unsigned = {name: value for name, value in line.items() if name != "signature"}
            anew = bool(line["begun_by"])
            if canonical(line) != text or not (line["line"] == number + 1 or (anew and line["line"] > number)):
                faults.append(("", line["line"], "anchor_file"))
            if before is not None and line["before"] != before:
                faults.append(("", line["line"], "anchor_file"))
            if not signed(line["key"], line["signature"], canonical(unsigned)):
                faults.append(("", line["line"], "anchor_signature"))
            if key not in {None, line["key"]} and not anew:
                faults.append(("", line["line"], "anchor_key"))
            number, before, key = line["line"], sha256(text.encode()).hex(), line["key"]
    except OSError as error:
        raise Unreadable(f"{folder / 'anchors.jsonl'}: {type(error).__name__}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return [], [], [("", 0, "anchor_file")]
    return lines, [sha256(text.encode()).hex() for text in texts], faults


def leaf_faults(raw: sqlite3.Connection, folder: Path, last: dict[str, Any]) -> Iterator[Fault]:
    """What does not agree between the leaves of the last anchor and the chains."""
    file = folder / f"leaves-{last['line']:06d}.txt"
    try:
        if merkle(leaf.encode() for leaf in _lines(file)).hex() != last["root"]:
            yield "", last["line"], "anchor_leaves"
            return
        heads = (leaf.split(" ") for leaf in _lines(file))
        raw.execute("CREATE TEMP TABLE leaf (number TEXT PRIMARY KEY, seq INTEGER, head TEXT) WITHOUT ROWID")
        raw.executemany("INSERT INTO leaf VALUES (?, ?, ?)", ((head[0], int(head[1]), head[2]) for head in heads))
    except (OSError, ValueError, IndexError, sqlite3.Error):
        yield "", last["line"], "anchor_leaves"
        return
    yield from head_faults(raw, raw.execute("SELECT number, seq, head FROM leaf ORDER BY number"), "anchor")
    late = """SELECT c.number, t.seq FROM transition t JOIN cases c ON c.id = t.case_id
        LEFT JOIN leaf l ON l.number = c.number
       WHERE t.recorded_at < ? AND typeof(t.recorded_at) = 'integer' AND t.seq = coalesce(l.seq, 0) + 1"""
    yield from ((_shown(number), seq, "anchor_backdated") for number, seq in raw.execute(late, (last["at"] - SETTLED,)))


def _lines(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8", newline="\n") as lines:
        yield from (line.rstrip("\n") for line in lines)


def head_faults(raw: sqlite3.Connection, heads: Iterable[Any], witness: str) -> Iterator[Fault]:
    """Every head that a witness saw and that is no longer in its case's chain."""
    find = "SELECT t.hash FROM cases c LEFT JOIN transition t ON t.case_id = c.id AND t.seq = ? WHERE c.id = ?"
    whose = "SELECT number FROM cases WHERE id = ?"
    entry = "SELECT hash FROM journal WHERE seq = ?"
    for number, seq, head in heads:
        if number == JOURNAL:
            found = raw.execute(entry, (int(seq),)).fetchone()
            if found is None or found[0] != head:
                yield number, int(seq), f"{witness}_cut_short" if found is None else f"{witness}_rewritten"
            continue
        case_id = int(number.rpartition("-")[2])
        name, found = raw.execute(whose, (case_id,)).fetchone(), raw.execute(find, (int(seq), case_id)).fetchone()
        if name is None or name[0] != number:
            yield number, int(seq), f"{witness}_case_gone"
        elif found[0] != head:
            yield number, int(seq), f"{witness}_cut_short" if found[0] is None else f"{witness}_rewritten"


# The bundle of one case


def root_by(path: list[bytes], leaf: bytes, index: int, count: int) -> bytes:
    """The root to which a path leads from a leaf at a place among so many (RFC 6962, 2.1.1), the nearest node first."""
    if not 0 <= index < count or (count == 1) != (not path):
        raise ValueError("no path of this tree")
    if not path:
        return sha256(b"\x00", leaf)
    split = 1 << ((count - 1).bit_length() - 1)
    if index < split:
        return sha256(b"\x01", root_by(path[:-1], leaf, index, split), path[-1])
    return sha256(b"\x01", path[-1], root_by(path[:-1], leaf, index - split, count - split))


def bundle_faults(raw: sqlite3.Connection, folder: Path, key: Path | None) -> list[Fault]:
    """What is wrong with a bundle: its chain, texts and files, and the signed anchor that vouches for its last move."""
    faults = list(chain_faults(raw))
    cases = raw.execute("SELECT number, version, head FROM cases").fetchall()
    try:
        proof = json.loads((folder / PROOF).read_text("utf-8"))
        line, path = json.loads(proof["anchor"]), [bytes.fromhex(node) for node in proof["path"]]
        unsigned = {name: value for name, value in line.items() if name != "signature"}
        if not signed(line["key"], line["signature"], canonical(unsigned)):
            faults.append(("", line["line"], "anchor_signature"))
        if len(cases) != 1 or proof["leaf"] != " ".join(map(str, cases[0])):
            faults.append(("", line["line"], "anchor_leaves"))
        if root_by(path, proof["leaf"].encode(), proof["index"], proof["count"]).hex() != line["root"]:
            faults.append(("", line["line"], "anchor_leaves"))
        faults += key_faults(key, line) if key is not None else ()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        faults.append(("", 0, "anchor_file"))
    return list(dict.fromkeys([*faults, *_file_faults(raw, folder / "attachments")]))


def _file_faults(raw: sqlite3.Connection, folder: Path) -> Iterator[Fault]:
    """The files that the moves name and that are not there, or not as they were taken in; an erased one need not be."""
    rows = {row[0]: row[1:] for row in raw.execute("SELECT id, salt, digest, erased_at FROM attachment")}
    for number, seq, form in raw.execute(
        "SELECT c.number, t.seq, t.form FROM transition t JOIN cases c ON c.id = t.case_id"
    ):
        named = _form(form).get("attachments")
        for entry in named.split() if isinstance(named, str) else ():
            name, _, digest = entry.partition(":")
            if not digest or not name.isalnum():
                continue  # of another system
            salt, kept, erased = rows.get(name, (None, None, None))
            if name not in rows:
                yield number, seq, "attachment_row_missing"
            elif kept != digest:
                yield number, seq, "attachment_row_altered"
            elif erased is None and not (folder / name).is_file():
                yield number, seq, "attachment_missing"
            elif erased is None and sha256(salt or b"", (folder / name).read_bytes()).hex() != digest:
                yield number, seq, "attachment_altered"


# What was seen at the last visit


def seen_faults(raw: sqlite3.Connection, state: Path, lines: list[dict[str, Any]], hashes: list[str]) -> list[Fault]:
    """What was there at the last visit and is not there any more, and new beginnings since."""
    if not state.exists():
        return []
    seen = json.loads(state.read_text("utf-8"))
    numbers = {line["line"]: at for at, line in enumerate(lines)}
    faults: list[Fault] = []
    if seen["line"] not in numbers:
        faults.append(("", seen["line"], "rolled_back"))
    elif hashes[numbers[seen["line"]]] != seen["hash"]:
        faults.append(("", seen["line"], "seen_rewritten"))
    faults += [("", line["line"], "begun_anew") for line in lines if line["begun_by"] and line["line"] > seen["line"]]
    heads = (head.split(" ") for head in _lines(Path(f"{state}.heads")))
    return faults + list(head_faults(raw, heads, "seen"))


def remember(raw: sqlite3.Connection, state: Path, line: dict[str, Any], hash_of: str) -> None:
    """Keep what was seen. The heads first: a visit that is cut off is a visit not made."""
    with Path(f"{state}.heads").open("w", encoding="utf-8") as kept:
        journal = "SELECT ?, seq, hash FROM journal ORDER BY seq DESC LIMIT 1"
        kept.writelines(" ".join(map(str, head)) + "\n" for head in raw.execute(journal, (JOURNAL,)))
        heads = raw.execute("SELECT number, version, head FROM cases ORDER BY id")
        kept.writelines(" ".join(map(str, head)) + "\n" for head in heads)
    told = {"line": line["line"], "hash": hash_of, "key": line["key"]}
    state.write_text(json.dumps(told) + "\n", "utf-8")


def key_faults(file: Path, last: dict[str, Any]) -> Iterator[Fault]:
    """Whether the last anchor is signed with the key that was handed over: PEM, whose end is the key itself."""
    text = "".join(line for line in file.read_text("ascii").splitlines() if not line.startswith("-----"))
    if base64.b64decode(text)[-32:].hex() != last["key"]:
        yield "", last["line"], "anchor_key"


def check(source: Path, given: argparse.Namespace) -> list[Fault]:
    """Everything that is wrong. What was seen is remembered only where nothing is."""
    anchors, state = given.anchors, given.state
    with tempfile.TemporaryDirectory() as unpacked:
        raw = opened(source, Path(unpacked))
        try:
            if (Path(unpacked) / PROOF).exists():
                return bundle_faults(raw, Path(unpacked), given.key)
            folder = anchors or Path(unpacked) / "anchors"
            lines, hashes, faults = read_anchors(folder)
            faults += chain_faults(raw)
            faults += journal_faults(raw)
            faults += customer_faults(raw)
            if not lines:
                return list(dict.fromkeys([*faults, ("", 0, "anchor_file")]))
            faults += leaf_faults(raw, folder, lines[-1])
            if given.key is not None:
                faults += key_faults(given.key, lines[-1])
            if state is not None:
                faults += seen_faults(raw, state, lines, hashes)
                if given.accept_anew:
                    faults = [fault for fault in faults if fault[2] != "begun_anew"]
                if not faults:
                    remember(raw, state, lines[-1], hashes[-1])
            return faults
        finally:
            raw.close()


def main() -> int:
    """Read the command line, check, say it."""
    parser = argparse.ArgumentParser(description="Checks a store of closeloop, its anchors, and what was seen before.")
    parser.add_argument("source", type=Path, help="SQLite file, backup, bundle of a case, or CSV files")
    parser.add_argument("--anchors", type=Path, help="folder with anchors.jsonl; else the backup's own")
    parser.add_argument("--key", type=Path, help="anchor.pub as it was handed to you, to be compared")
    parser.add_argument("--state", type=Path, help="what was seen at the last visit; written if all is whole")
    parser.add_argument("--accept-anew", action="store_true", help="you have looked into why it was begun anew")
    given = parser.parse_args()
    try:
        faults = check(given.source, given)
    except (Unreadable, OSError, sqlite3.Error, ValueError, KeyError) as error:
        sys.stderr.write(f"cannot be checked: {error}\n")
        return 1
    for number, seq, what in faults:
        line = f"{number or '-'} {seq} {what}"
        sys.stdout.write(line.encode("ascii", "backslashreplace").decode() + "\n")
    if not faults:
        sys.stdout.write("whole: chains, anchors and what was seen before agree\n")
    return 2 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
