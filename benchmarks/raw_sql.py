"""The reference: raw driver SQL that writes the rows of one move and decides nothing, alone or in a group.

Each side writes, in one durable transaction: the case (an update on condition of its version), its transition with
the SHA-256 chain, the statements of its personal fields with salt and digest, the timers that the move ends and the
one that it starts, the outbox event, and the idempotency key. Both read the case's head row first. The reference reads
nothing else: not the actor, the rules, the running timers, or whether the key is known.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from benchmarks.move_template import MoveJob, MoveTemplate
from engine.databases import open_postgres, open_sqlite
from engine.store import Store

HEAD = "SELECT id, number, version, head FROM cases WHERE number"
UPDATE_CASE = (
    "UPDATE cases SET state = ?, previous_state = ?, version = ?, head = ?, changed_at = ? WHERE id = ? AND version = ?"
)
INSERT_TRANSITION = """
INSERT INTO transition (case_id, seq, move, source, dest, cycle, level, actor_id, via, occurred_at, recorded_at,
                        inferred, lifecycle, form, hash)
"""
INSERT_STATEMENT = "INSERT INTO statement (case_id, seq, field, salt, content)"
END_TIMERS = """
UPDATE timer SET consumed = consumed + ? - running_since, running_since = NULL, fires_at = NULL, closed_at = ?,
       outcome = 'met', closed_by = ? WHERE case_id = ? AND closed_at IS NULL AND clause IN
"""
INSERT_TIMER = """
INSERT INTO timer (case_id, clause, cycle, occurrence, policy, calendar, amount, unit, allowance, consumed, opened_at,
                   running_since, fires_at, steps_fired, level)
"""
INSERT_OUTBOX_EVENT = "INSERT INTO outbox_event (case_id, seq)"
INSERT_KEY = "INSERT INTO idempotency_key (key, request_hash, case_id, seq)"
INSERTS = (INSERT_TRANSITION, INSERT_STATEMENT, INSERT_TIMER, INSERT_OUTBOX_EVENT, INSERT_KEY)
_Head = tuple[int, str, int, str]


class RawWriter(Protocol):
    """The reference on one database: writes the rows of moves."""

    def make_move(self, job: MoveJob) -> None:
        """Make one move, durable when this returns."""
        ...

    def make_moves(self, jobs: Sequence[MoveJob]) -> None:
        """Make a group of moves in one transaction."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


def raw_writer(store: Store, template: MoveTemplate) -> RawWriter:
    """Return the reference for one template, on a connection of its own, as durable as the engine's."""
    return RawPostgres(store, template) if store.postgres else RawSqlite(store, template)


def values(template: MoveTemplate, job: MoveJob, head: _Head) -> Iterator[tuple[Any, ...]]:
    """Yield the parameters of each statement, in the order in which the statements are sent."""
    case_id, _, version, before = head
    seq, form, hashed, salts, body = template.prepare(job, case_id, version, before)
    transition, timer, at = template.constant, template.opens, job.at
    yield transition["dest"], transition["source"], seq, hashed, at, case_id, version
    yield (
        case_id, seq, transition["move"], transition["source"], transition["dest"], transition["cycle"],
        transition["level"], transition["actor_id"], transition["via"], at, at, transition["inferred"],
        transition["lifecycle"], form, hashed,
    )  # fmt: skip
    for salt, (name, text) in zip(salts, template.personal.items(), strict=True):
        yield case_id, seq, name, salt, text
    yield at, at, seq, case_id, *template.closes
    yield (
        case_id, timer["clause"], timer["cycle"], timer["occurrence"], timer["policy"], timer["calendar"],
        timer["amount"],
        timer["unit"], timer["allowance"], 0, at, at, at + template.due, 0, 0,
    )  # fmt: skip
    yield case_id, seq
    yield job.key, body, case_id, seq


def statements(template: MoveTemplate, insert: str) -> list[str]:
    """Return the statements of one move; ``insert`` introduces a row: ``VALUES ({})`` or ``SELECT {} FROM …``."""
    marks = [insert.format(", ".join("?" * many)) for many in (15, 5, 15, 2, 4)]
    inserts = (f"{head} {mark}" for head, mark in zip(INSERTS, marks, strict=True))
    transition, statement, timer, outbox_event, key = inserts
    end_timers = f"{END_TIMERS} ({', '.join('?' * len(template.closes))})"
    return [UPDATE_CASE, transition, *[statement] * len(template.personal), end_timers, timer, outbox_event, key]


class RawSqlite:
    """Sends one statement after the other, positional, prepared once by the driver."""

    def __init__(self, store: Store, template: MoveTemplate) -> None:
        self._template = template
        self._sql = statements(template, "VALUES ({})")
        self._raw = open_sqlite(store.file)

    def make_move(self, job: MoveJob) -> None:
        execute = self._raw.execute
        execute("BEGIN IMMEDIATE")
        head = execute(f"{HEAD} = ?", (job.number,)).fetchone()
        rows = values(self._template, job, head)
        assert execute(UPDATE_CASE, next(rows)).rowcount == 1
        for sql, row in zip(self._sql[1:], rows, strict=True):
            execute(sql, row)
        execute("COMMIT")

    def make_moves(self, jobs: Sequence[MoveJob]) -> None:
        self._raw.execute("BEGIN IMMEDIATE")
        heads = [self._raw.execute(f"{HEAD} = ?", (job.number,)).fetchone() for job in jobs]
        columns = zip(*(values(self._template, job, head) for job, head in zip(jobs, heads, strict=True)), strict=True)
        for sql, rows in zip(self._sql, columns, strict=True):
            result = self._raw.executemany(sql, rows)
            assert sql is not UPDATE_CASE or result.rowcount == len(jobs)
        self._raw.execute("COMMIT")

    def close(self) -> None:
        self._raw.close()


class RawPostgres:
    """Sends one query and one statement that writes all rows, prepared by the server; a group goes in a pipeline."""

    def __init__(self, store: Store, template: MoveTemplate) -> None:
        self._template = template
        update, *others, last = (sql.replace("?", "%s") for sql in statements(template, "SELECT {} FROM moved"))
        parts = [f"moved AS ({update} RETURNING id)", *(f"w{n} AS ({sql})" for n, sql in enumerate(others))]
        self._write = f"WITH {', '.join(parts)} {last}".encode()
        self._raw = open_postgres(store.url)
        self._cursor = self._raw.cursor()

    def make_move(self, job: MoveJob) -> None:
        cursor = self._cursor
        head = cursor.execute(f"{HEAD} = %s", (job.number,), prepare=True).fetchone()
        assert head is not None
        params = tuple(value for row in values(self._template, job, head) for value in row)
        assert cursor.execute(self._write, params, prepare=True).rowcount == 1

    def make_moves(self, jobs: Sequence[MoveJob]) -> None:
        cursor = self._cursor
        with self._raw.transaction():
            rows = cursor.execute(f"{HEAD} = ANY(%s)", ([job.number for job in jobs],)).fetchall()
            heads = {head[1]: head for head in rows}
            params = [
                tuple(value for row in values(self._template, job, heads[job.number]) for value in row) for job in jobs
            ]
            cursor.executemany(self._write, params)
            assert cursor.rowcount == len(jobs)

    def close(self) -> None:
        self._raw.close()
