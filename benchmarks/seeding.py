"""Fills a store with whole cases by the million: copies of one that the engine made, each with its own hash chain."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from psycopg import Connection
from psycopg.sql import SQL, Identifier, Literal

from benchmarks.stores import HANDLER, SUPERVISOR, TEXT
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from engine.databases import open_postgres, open_sqlite
from engine.ledger.chain import GENESIS, canonical, chain_hash, digest, new_salt
from engine.ledger.record import record_of
from engine.store import Store
from models.contact import Channel, Contact

MINUTE = 60_000_000
YOUNG = timedelta(minutes=20)
"""The age of a case that is not due."""
DUE, SPREAD = 70 * MINUTE, 29 * MINUTE
"""Cases that are due are older by so much: past 75 % of the two hours of their first reply, short of 100 %."""
MIXED = 2_654_435_761
"""Knuth's multiplier: it puts deadlines into another order than the keys, the same in every run."""
CHUNK = 20_000
INSTANTS = frozenset({"opened_at", "changed_at", "occurred_at", "recorded_at", "running_since", "fires_at"})
TABLES = ("cases", "transition", "statement", "timer")
_Row = dict[str, Any]
_Rows = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class CaseTemplate:
    """The rows of one investigated complaint, by table."""

    rows: Mapping[str, list[_Row]]

    def columns(self, table: str) -> list[str]:
        """Return the columns that are written; the database assigns the key of a timer."""
        return [name for name in self.rows[table][0] if (table, name) != ("timer", "id")]

    def copy(self, case_id: int, earlier: int, into: _Rows) -> None:
        """Add the rows of another such case, all of its instants ``earlier`` microseconds before the template's."""
        [case] = self.rows["cases"]
        number = f"{case['number'].rpartition('-')[0]}-{case_id:06d}"
        salts: dict[tuple[int, str], bytes] = {}
        for statement in self.rows["statement"]:
            salts[statement["seq"], statement["field"]] = salt = new_salt()
            into["statement"].append(tuple((statement | {"case_id": case_id, "salt": salt}).values()))
        head = GENESIS
        for row in self.rows["transition"]:
            transition = self._shift(row, earlier) | {"case_id": case_id, "form": self._form(row, salts)}
            del transition["hash"]
            head = chain_hash(head, record_of(number, transition))
            into["transition"].append((*transition.values(), head))
        for row in self.rows["timer"]:
            timer = self._shift(row, earlier) | {"case_id": case_id}
            del timer["id"]
            into["timer"].append(tuple(timer.values()))
        own = {"id": case_id, "number": number, "head": head}
        into["cases"].append(tuple((self._shift(case, earlier) | own).values()))

    def _shift(self, row: _Row, earlier: int) -> _Row:
        return {
            name: value - earlier if name in INSTANTS and value is not None else value for name, value in row.items()
        }

    def _form(self, row: _Row, salts: Mapping[tuple[int, str], bytes]) -> str:
        form: _Row = orjson.loads(row["form"])
        for statement in self.rows["statement"]:
            seq, field = statement["seq"], statement["field"]
            if seq == row["seq"]:
                form[field] = {"sha256": digest(salts[seq, field], statement["content"])}
        return canonical(form)


def seed(store: Store, cases: int, due: int = 0, *, at: datetime) -> list[str]:
    """Add so many complaints under investigation to a new store, two timers running on each; return their numbers.

    At the instant ``at`` exactly one escalation step is due in each of ``due`` of them, spread evenly over the keys
    and in another order than these; in the others nothing is due for an hour. The histories are whole: ``verify``
    reports no fault. The outbox stays empty. Needs the staff of ``stores.new_store``.
    """

    def earlier(n: int) -> int:
        late = (n + 1) * due // cases > n * due // cases
        return DUE + n * MIXED % SPREAD if late else 0

    return seed_aged(store, cases, earlier, at=at)


def seed_aged(store: Store, cases: int, earlier: Callable[[int], int], *, at: datetime) -> list[str]:
    """As ``seed``, each case ``earlier`` microseconds older than ``YOUNG``; one older by ``DUE`` has a step due."""
    template = _make_template(store, at)
    first = template.rows["cases"][0]["id"] + 1
    columns = {table: template.columns(table) for table in TABLES}
    with BulkWriter(store) as bulk:
        for low in range(0, cases, CHUNK):
            into: _Rows = {table: [] for table in TABLES}
            for n in range(low, min(low + CHUNK, cases)):
                template.copy(first + n, earlier(n), into)
            bulk.write(columns, into)
    stem = template.rows["cases"][0]["number"].rpartition("-")[0]
    return [f"{stem}-{first + n:06d}" for n in range(cases)]


def _make_template(store: Store, at: datetime) -> CaseTemplate:
    """Let the engine open, classify and investigate one case, and read its rows."""
    began = at - YOUNG
    contact = Contact(row_id="0", at=began, text=TEXT, channel=Channel.WEBSITE, email="c0@customers.example")
    number = open_case(store, Opening(contact), began).number
    classify = Command(number, "classify", {"category": "cargo_damage", "department": "claims"}, actor=SUPERVISOR)
    advance(store, classify, began + timedelta(minutes=1))
    investigate = Command(number, "investigate", {"findings": TEXT, "cause": "packing"}, actor=HANDLER)
    advance(store, investigate, began + timedelta(minutes=2))
    with store.writing() as tx:
        case_id = tx.row("SELECT id FROM cases WHERE number = :number", number=number).id
        tx.run("DELETE FROM outbox_event WHERE case_id = :case_id", case_id=case_id)
        return CaseTemplate(dict(_read(tx, case_id)))


def _read(tx: Any, case_id: int) -> Iterator[tuple[str, list[_Row]]]:
    for table in TABLES:
        key = "id" if table == "cases" else "case_id"
        order = {"transition": "seq", "timer": "id"}.get(table, key)
        rows = tx.rows(f"SELECT * FROM {table} WHERE {key} = :case_id ORDER BY {order}", case_id=case_id)  # noqa: S608
        yield table, [_hash_last(row._asdict()) for row in rows]


def _hash_last(row: _Row) -> _Row:
    return {name: value for name, value in row.items() if name != "hash"} | {n: row[n] for n in ("hash",) if n in row}


class BulkWriter:
    """Writes without waiting for the disk: the rows of a benchmark need not survive it."""

    def __init__(self, store: Store) -> None:
        self._postgres = store.postgres
        self._raw: Any = open_postgres(store.url) if store.postgres else open_sqlite(store.file)

    def __enter__(self) -> "BulkWriter":
        if self._postgres:
            self._raw.execute("SET synchronous_commit = off")
            self._raw.execute("SET session_replication_role = replica")  # the rows refer to no key that is missing
        else:
            self._raw.execute("PRAGMA synchronous = OFF")
            self._raw.execute("PRAGMA foreign_keys = OFF")
            self._raw.execute("PRAGMA cache_size = -200000")
        return self

    def write(self, columns: Mapping[str, list[str]], into: Mapping[str, list[tuple[Any, ...]]]) -> None:
        """Write a chunk in one transaction: the rows of each table, with the columns that they have."""
        self._raw.execute("BEGIN")
        for table, rows in into.items():
            (self._copy if self._postgres else self._insert)(table, columns[table], rows)
        self._raw.execute("COMMIT")

    def _copy(self, table: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
        raw: Connection[Any] = self._raw
        named = SQL(", ").join(Identifier(name) for name in columns)
        with raw.cursor() as cursor, cursor.copy(SQL("COPY {} ({}) FROM STDIN").format(Identifier(table), named)) as to:
            for row in rows:
                to.write_row(row)

    def _insert(self, table: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
        marks = ", ".join("?" * len(columns))
        self._raw.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608

    def __exit__(self, *_: object) -> None:
        """Leave the store as after a quiet night: sequence set, vacuumed, journal empty."""
        if self._postgres:
            for table in ("cases", "timer"):
                name, key = Identifier(table), Literal(table)
                self._raw.execute(
                    SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), max(id)) FROM {}").format(key, name)
                )
            self._raw.execute("VACUUM ANALYZE")
            self._raw.execute("CHECKPOINT")
        else:
            self._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._raw.close()
