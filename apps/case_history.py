"""The history of a case as the command line shows it: every move with its personal values."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.variable_views import entered, field_label
from engine.access.doors import door_of, user_of
from engine.attachments.reading import names_in
from engine.commands.complete_form import ids_in
from engine.ledger.record import current_case
from engine.store import Store
from engine.transaction import Tx
from locales.translation import translate
from models.columns import from_micros

MOVES = """
SELECT t.seq, t.move, t.source, t.dest, t.cycle, t.level, a.handle AS actor, t.via, t.occurred_at, t.recorded_at,
       t.inferred, t.form, t.hash FROM transition t JOIN actor a ON a.id = t.actor_id
 WHERE t.case_id = :case_id AND (t.seq > :after OR t.seq = 1) ORDER BY t.seq
"""
STATEMENTS = """
SELECT seq, field, content FROM statement WHERE case_id = :case_id AND (seq > :after OR seq = 1)
"""
ATTACHMENTS = "attachments"
"""The field that names files: programs get the id and the name of each, people the names."""
UNANSWERED = ("attempt", "reason")
"""The move whose reason is a code, and that field."""


@dataclass(frozen=True, slots=True)
class HistoryMove:
    """One move as the history shows it, with its personal values; ``statements`` names these fields.

    ``system_user`` is the operating-system user of a move at the command line.
    """

    seq: int
    move: str
    source: str
    dest: str
    cycle: int
    level: int
    actor: str
    via: str
    system_user: str | None
    occurred_at: datetime
    recorded_at: datetime
    inferred: bool
    form: dict[str, Any]
    hash: str
    statements: frozenset[str] = frozenset()

    def summary(self, locale: str, kind: str, width: int = 48) -> str:
        """Return the form of a move of a kind of case in one short line, in the reader's words."""
        line = " ".join(f"{field_label(locale, kind, name)}={self._entered(locale, kind, name)}" for name in self.form)
        line = line.replace("\n", " ")
        return line if len(line) <= width else line[: width - 1] + "…"

    def _entered(self, locale: str, kind: str, name: str) -> str:
        if name == ATTACHMENTS:
            return ", ".join(file["name"] or translate(locale, "cli.attachments.gone") for file in self.form[name])
        sort = "outcome" if (self.move, name) == UNANSWERED else name  # its words are those of a callback's outcome
        return entered(locale, kind, sort, self.form[name])

    def document(self) -> dict[str, Any]:
        """Return the move for programs."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "statements"}


@dataclass(frozen=True, slots=True)
class CaseHistory:
    """A case's kind and its moves."""

    kind: str
    moves: list[HistoryMove]


def history(store: Store, number: str) -> CaseHistory:
    """Return every move of a case in order."""
    with store.looking() as tx:
        case_row = current_case(tx, number)
        return CaseHistory(case_row.kind, history_in(tx, case_row.id))


def history_in(tx: Tx, case_id: int, after: int = 0) -> list[HistoryMove]:
    """Return the moves of a case that the caller may show, in order: the first, and all later than step ``after``."""
    contents = {(row.seq, row.field): row.content for row in tx.rows(STATEMENTS, case_id=case_id, after=after)}
    moves = [_move(row, contents) for row in tx.rows(MOVES, case_id=case_id, after=after)]
    if any(ATTACHMENTS in move.form for move in moves):
        _name_files(moves, names_in(tx, case_id))
    return moves


def _name_files(moves: list[HistoryMove], names: dict[str, str | None]) -> None:
    """Put the names of files beside their ids; an erased one, and one of another system, has none."""
    for form in (move.form for move in moves if ATTACHMENTS in move.form):
        form[ATTACHMENTS] = [{"id": id_, "name": names.get(id_)} for id_ in ids_in(form[ATTACHMENTS])]


def _move(row: Any, contents: dict[tuple[int, str], str | None]) -> HistoryMove:
    recorded: dict[str, Any] = json.loads(row.form)
    form = {name: contents.get((row.seq, name), value) for name, value in recorded.items()}
    statements = frozenset(name for name in recorded if (row.seq, name) in contents)
    instants = {name: from_micros(getattr(row, name)) for name in ("occurred_at", "recorded_at")}
    door = {"via": door_of(row.via), "system_user": user_of(row.via)}
    moved = row._asdict() | door | instants | {"inferred": bool(row.inferred), "form": form}
    return HistoryMove(**moved, statements=statements)
