"""Reads a lifecycle as a store recorded it (``Lifecycle.document``), and names what changed between two of them.

The documents outlive the code that wrote them. So this file reads only these keys, and they keep their names:
``kind``, ``states`` (``name``, ``final``), ``moves`` (``name``, ``sources``, ``dest``, ``form``, ``counts``,
``stamps``, ``collects``, ``clears``), ``clauses`` (``name``, ``during``, ``pauses``, ``then``), ``forms``
(``schema.properties``, ``on_case``, ``variables``), ``retired`` and ``hands_over``.
"""

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from statemachines.retirement import Resolver
from statemachines.vocabulary import RETIRABLE, TRANSFERS, Retired


@dataclass(frozen=True, slots=True)
class RecordedForm:
    """The fields of a form, and where their values went."""

    fields: tuple[str, ...] = ()
    on_case: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedRow:
    """A row of a move: where it led, and the variables that it cleared."""

    sources: frozenset[str]
    dest: str | None
    clears: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordedMove:
    """A move: its form by name, the variables that it counted, stamped and collected, and its rows in order."""

    form_name: str
    form: RecordedForm
    counts: str | None
    stamps: str | None
    collects: tuple[str, str] | None
    rows: tuple[RecordedRow, ...]

    def clears(self, source: str, dest: str) -> tuple[str, ...]:
        """Return the variables that the move cleared between two states; the first row tells where none leads there."""
        leading = (row for row in self.rows if source in row.sources and (row.dest or source) == dest)
        return next(leading, self.rows[0]).clears


@dataclass(frozen=True, slots=True)
class RecordedClause:
    """A clause: the states in which its timers lived, and the move that they made by themselves, if any."""

    lives_in: frozenset[str]
    then: str | None


@dataclass(frozen=True, slots=True)
class RecordedLifecycle:
    """One version of a lifecycle. ``states`` says of each whether it was final.

    ``hands_over`` says that a new department counted a transfer and ended the work of the owner; early versions let the
    owner stay and counted assignments.
    """

    kind: str
    states: dict[str, bool]
    moves: dict[str, RecordedMove]
    clauses: dict[str, RecordedClause]
    hands_over: bool
    resolver: Resolver

    @property
    def counted(self) -> tuple[str, ...]:
        """Return the variables that moves counted or stamped."""
        counts = [name for move in self.moves.values() for name in (move.counts, move.stamps) if name]
        departments = self.hands_over and any("department" in move.form.on_case for move in self.moves.values())
        return tuple(dict.fromkeys([*counts, *([TRANSFERS] if departments else [])]))

    @property
    def collected(self) -> tuple[str, ...]:
        """Return the variables in which moves collected values."""
        return tuple(dict.fromkeys(move.collects[1] for move in self.moves.values() if move.collects))

    def names(self) -> dict[str, set[str]]:
        """Return the names of each sort that the check compares; a field as ``Form.field``."""
        fields = {f"{move.form_name}.{field}" for move in self.moves.values() for field in move.form.fields}
        variables = {name for move in self.moves.values() for name in move.form.variables} | {
            *self.counted,
            *self.collected,
        }
        return {
            "state": set(self.states),
            "move": set(self.moves),
            "clause": set(self.clauses),
            "field": fields,
            "variable": variables,
        }


@lru_cache(maxsize=256)
def read_document(document: str) -> RecordedLifecycle:
    """Parse a recorded document. Raises ``ValueError``, ``KeyError`` or ``TypeError`` for a text that is none."""
    read: dict[str, Any] = json.loads(document)
    forms = {name: _form(form) for name, form in read["forms"].items()}
    moves = {name: _move(rows, forms) for name, rows in _by_name(read["moves"]).items()}
    retired = [Retired(**{name: row.get(name) or "" for name in RETIRABLE}, to=row["to"]) for row in read["retired"]]
    variables = {name: form.variables for name, form in forms.items()}
    recorded = RecordedLifecycle(
        kind=read["kind"],
        states={row["name"]: bool(row["final"]) for row in read["states"]},
        moves=moves,
        clauses={
            row["name"]: RecordedClause(frozenset((*row["during"], *row["pauses"])), row["then"])
            for row in read["clauses"]
        },
        hands_over=bool(read.get("hands_over", False)),
        resolver=Resolver.of((), {}, ()),
    )
    return replace(recorded, resolver=Resolver.of(retired, variables, [*recorded.counted, *recorded.collected]))


def _by_name(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    by_name: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_name.setdefault(row["name"], []).append(row)
    return by_name


def _move(rows: list[dict[str, Any]], forms: dict[str, RecordedForm]) -> RecordedMove:
    first = rows[0]
    recorded = tuple(RecordedRow(frozenset(row["sources"]), row["dest"], tuple(row["clears"])) for row in rows)
    field, variable = first.get("collects") or ("", "")
    collects = (field, variable) if variable else None
    form = forms[first["form"]]
    return RecordedMove(first["form"], form, first["counts"], first.get("stamps"), collects, recorded)


def _form(form: dict[str, Any]) -> RecordedForm:
    fields = form["schema"].get("properties", {})
    return RecordedForm(tuple(fields), tuple(form["on_case"]), tuple(form["variables"]))


def differences(old: RecordedLifecycle, new: RecordedLifecycle) -> dict[str, dict[str, list[str]]]:
    """Return the names that were added and removed between two versions, by sort; unchanged sorts are left out."""
    before, after = old.names(), new.names()
    changes: dict[str, dict[str, list[str]]] = {}
    for sort in RETIRABLE:
        added, removed = sorted(after[sort] - before[sort]), sorted(before[sort] - after[sort])
        if added or removed:
            changes[sort] = {"added": added, "removed": removed}
    return changes
