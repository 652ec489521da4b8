"""The reference: raw driver SQL that writes the rows of one move and decides nothing, alone or in a group.

Each side writes, in one durable transaction: the case (an update on condition of its version), its transition with
the SHA-256 chain, the statements of its personal fields with salt and digest, the clocks that the move ends and
the one that it begins, the moment for the outbox, and the idempotency key. Both read the case's head row first. The
reference asks for nothing else: not who acts, what the rules are, which clocks run, or whether the key is known.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from benchmarks.move_template import Job, Kind
from engine.databases import open_postgres, open_sqlite
from engine.store import Store

HEAD = "SELECT id, number, version, head FROM cases WHERE number"
MOVED = (
    "UPDATE cases SET state = ?, previous_state = ?, version = ?, head = ?, changed_at = ? WHERE id = ? AND version = ?"
)
MADE = """
INSERT INTO transition (case_id, seq, move, source, dest, cycle, level, actor_id, via, occurred_at, recorded_at,
                        inferred, lifecycle, form, hash)
"""
SAID = "INSERT INTO statement (case_id, seq, field, salt, content)"
ENDED = """
UPDATE timer SET consumed = consumed + ? - running_since, running_since = NULL, fires_at = NULL, closed_at = ?,
       outcome = 'met' WHERE case_id = ? AND closed_at IS NULL AND clause IN
"""
BEGUN = """
INSERT INTO timer (case_id, clause, cycle, occurrence, policy, calendar, amount, unit, allowance, consumed, opened_at,
                   running_since, fires_at, steps_fired, level)
"""
TOLD = "INSERT INTO outbox_event (case_id, seq)"
KEPT = "INSERT INTO idempotency_key (key, request_hash, case_id, seq)"
INSERTS = (MADE, SAID, BEGUN, TOLD, KEPT)
_Head = tuple[int, str, int, str]


class Raw(Protocol):
    """The reference on one database."""

    def one(self, job: Job) -> None:
        """Make one move, durable when this returns."""
        ...

    def many(self, jobs: Sequence[Job]) -> None:
        """Make a group of moves in one transaction."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


def raw(store: Store, kind: Kind) -> Raw:
    """The reference for one kind of move, on a connection of its own, as durable as the engine's."""
    return RawPostgres(store, kind) if store.postgres else RawSqlite(store, kind)


def values(kind: Kind, job: Job, head: _Head) -> Iterator[tuple[Any, ...]]:
    """What is bound, statement by statement, in the order in which they are sent."""
    case_id, _, version, before = head
    seq, form, hashed, salts, body = kind.ready(job, case_id, version, before)
    made, begun, at = kind.constant, kind.opens, job.at
    yield made["dest"], made["source"], seq, hashed, at, case_id, version
    yield (
        case_id, seq, made["move"], made["source"], made["dest"], made["cycle"], made["level"], made["actor_id"],
        made["via"], at, at, made["inferred"], made["lifecycle"], form, hashed,
    )  # fmt: skip
    for salt, (name, text) in zip(salts, kind.personal.items(), strict=True):
        yield case_id, seq, name, salt, text
    yield at, at, case_id, *kind.closes
    yield (
        case_id, begun["clause"], begun["cycle"], begun["occurrence"], begun["policy"], begun["calendar"],
        begun["amount"],
        begun["unit"], begun["allowance"], 0, at, at, at + kind.due, 0, 0,
    )  # fmt: skip
    yield case_id, seq
    yield job.key, body, case_id, seq


def statements(kind: Kind, insert: str) -> list[str]:
    """The statements of one move; ``insert`` is how rows are given: ``VALUES ({})`` or ``SELECT {} FROM …``."""
    marks = [insert.format(", ".join("?" * many)) for many in (15, 5, 15, 2, 4)]
    made, said, begun, told, kept = (f"{head} {mark}" for head, mark in zip(INSERTS, marks, strict=True))
    ended = f"{ENDED} ({', '.join('?' * len(kind.closes))})"
    return [MOVED, made, *[said] * len(kind.personal), ended, begun, told, kept]


class RawSqlite:
    """Statements one after the other, positional, prepared once by the driver."""

    def __init__(self, store: Store, kind: Kind) -> None:
        self._kind = kind
        self._sql = statements(kind, "VALUES ({})")
        self._raw = open_sqlite(store.file)

    def one(self, job: Job) -> None:
        execute = self._raw.execute
        execute("BEGIN IMMEDIATE")
        head = execute(f"{HEAD} = ?", (job.number,)).fetchone()
        bound = values(self._kind, job, head)
        assert execute(MOVED, next(bound)).rowcount == 1
        for sql, given in zip(self._sql[1:], bound, strict=True):
            execute(sql, given)
        execute("COMMIT")

    def many(self, jobs: Sequence[Job]) -> None:
        self._raw.execute("BEGIN IMMEDIATE")
        heads = [self._raw.execute(f"{HEAD} = ?", (job.number,)).fetchone() for job in jobs]
        bound = zip(*(values(self._kind, job, head) for job, head in zip(jobs, heads, strict=True)), strict=True)
        for sql, given in zip(self._sql, bound, strict=True):
            done = self._raw.executemany(sql, given)
            assert sql is not MOVED or done.rowcount == len(jobs)
        self._raw.execute("COMMIT")

    def close(self) -> None:
        self._raw.close()


class RawPostgres:
    """One question and one statement that writes it all, each prepared by the server; a group goes in a pipeline."""

    def __init__(self, store: Store, kind: Kind) -> None:
        self._kind = kind
        moved, *others, last = (sql.replace("?", "%s") for sql in statements(kind, "SELECT {} FROM moved"))
        parts = [f"moved AS ({moved} RETURNING id)", *(f"w{n} AS ({sql})" for n, sql in enumerate(others))]
        self._write = f"WITH {', '.join(parts)} {last}".encode()
        self._raw = open_postgres(store.url)
        self._cursor = self._raw.cursor()

    def one(self, job: Job) -> None:
        cursor = self._cursor
        head = cursor.execute(f"{HEAD} = %s", (job.number,), prepare=True).fetchone()
        assert head is not None
        given = tuple(value for one in values(self._kind, job, head) for value in one)
        assert cursor.execute(self._write, given, prepare=True).rowcount == 1

    def many(self, jobs: Sequence[Job]) -> None:
        cursor = self._cursor
        with self._raw.transaction():
            found = cursor.execute(f"{HEAD} = ANY(%s)", ([job.number for job in jobs],)).fetchall()
            heads = {head[1]: head for head in found}
            given = [
                tuple(value for one in values(self._kind, job, heads[job.number]) for value in one) for job in jobs
            ]
            cursor.executemany(self._write, given)
            assert cursor.rowcount == len(jobs)

    def close(self) -> None:
        self._raw.close()
