"""Records the rows of a move that the engine makes once, so that the references always write the same rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from engine.commands.advance import advance
from engine.commands.command import Command
from engine.ledger.chain import canonical, chain_hash, digest, new_salt
from engine.store import Store
from models.columns import to_micros

TABLES = {"transition": "seq", "statement": "seq", "timer": "id"}
COUNTED = ("cases", "transition", "statement", "timer", "outbox_event", "idempotency_key")
PER_MOVE = ("case_id", "seq", "occurred_at", "recorded_at", "form", "hash")
"""The columns of a transition that differ from move to move."""
_Row = dict[str, Any]


class MoveJob(NamedTuple):
    """One move to be made: of which case, under which key, at which instant in microseconds."""

    number: str
    key: str
    at: int


class PreparedMove(NamedTuple):
    """The values to be written for one move, its hash computed."""

    seq: int
    form: str
    hash: str
    salts: list[bytes]
    request_hash: str


@dataclass(frozen=True, slots=True)
class MoveTemplate:
    """What all moves of one sort write alike: the transition's constants, texts, timers ended, the timer started."""

    constant: _Row
    plain: _Row
    personal: dict[str, str]
    closes: tuple[str, ...]
    opens: _Row
    due: int

    def prepare(self, job: MoveJob, case_id: int, version: int, head: str) -> PreparedMove:
        """Compute digests, form and chain as the engine does."""
        salts = [new_salt() for _ in self.personal]
        fields = self.plain | {
            name: {"sha256": digest(salt, text)}
            for salt, (name, text) in zip(salts, self.personal.items(), strict=True)
        }
        form = canonical(fields)
        own = {"case_id": case_id, "seq": version + 1, "occurred_at": job.at, "recorded_at": job.at, "form": form}
        hashed = chain_hash(head, {**self.constant, **own, "case": job.number})
        return PreparedMove(version + 1, form, hashed, salts, digest(b"", form))


def record_template(store: Store, command: Command, at: datetime) -> MoveTemplate:
    """Let the engine make the move once and read its rows. It may end any number of running timers and starts one."""
    before = _rows_of(store, command.number)
    advance(store, command, at)
    after = _rows_of(store, command.number)
    [transition] = after["transition"][len(before["transition"]) :]
    [opens] = after["timer"][len(before["timer"]) :]
    running = {row["clause"] for row in before["timer"] if row["running_since"] is not None}
    closes = tuple(row["clause"] for row in after["timer"] if row["clause"] in running and row["closed_at"] is not None)
    personal = {row["field"]: row["content"] for row in after["statement"] if row["seq"] == transition["seq"]}
    plain = {name: value for name, value in orjson.loads(transition["form"]).items() if name not in personal}
    constant = {name: value for name, value in transition.items() if name not in PER_MOVE}
    constant["inferred"] = bool(constant["inferred"])
    return MoveTemplate(constant, plain, personal, closes, opens, opens["fires_at"] - to_micros(at))


def count_rows(store: Store) -> dict[str, int]:
    """Return the number of rows of each table, and of the timers that ended: both sides must add the same."""
    with store.looking() as tx:
        counts = {table: tx.row(f"SELECT count(*) AS n FROM {table}").n for table in COUNTED}  # noqa: S608
        counts["ended"] = tx.row("SELECT count(*) AS n FROM timer WHERE closed_at IS NOT NULL").n
        return counts


def _rows_of(store: Store, number: str) -> dict[str, list[_Row]]:
    with store.looking() as tx:
        case_id = tx.row("SELECT id FROM cases WHERE number = :number", number=number).id
        return {
            table: [row._asdict() for row in tx.rows(_select_all(table, order), case_id=case_id)]
            for table, order in TABLES.items()
        }


def _select_all(table: str, order: str) -> str:
    return f"SELECT * FROM {table} WHERE case_id = :case_id ORDER BY {order}"  # noqa: S608
