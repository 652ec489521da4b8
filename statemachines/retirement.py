"""Resolves the names that a lifecycle has retired: of states, moves, clauses, fields of forms and case variables.

Note [One resolver]: a rename leaves the old name in four places: in the rows of open cases and timers, in the
transitions (whose bytes never change), in statements, and in policy packs. Everything that reads one of them asks
the resolver of the table in force, so the old name and the new one mean the same. The next write of a case, or
``closeloop lifecycle migrate``, puts the new names into the rows that may change. See ADR 28.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from statemachines.form_model import Form
from statemachines.vocabulary import Retired

CARRIED_OVER = "carried_over"
"""The move that puts the new names into a case's row and its timers."""


class CarriedOver(Form):
    """The journal entry of a case that was carried over: the version of the lifecycle that it was under before."""

    version: str


OF_OPENING = ("nature", "parent")
"""The variables that the opening of a case sets; no move of a lifecycle does."""

Successors = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Resolver:
    """The successor of every retired name. A name that was never retired is its own successor."""

    states: Successors
    moves: Successors
    clauses: Successors
    fields: Successors
    """By ``Form.field``; the successor is the bare name of a field."""
    renamed_variables: Successors

    @classmethod
    def of(
        cls, retired: Iterable[Retired], variables: Mapping[str, Iterable[str]], counted: Iterable[str]
    ) -> "Resolver":
        """Build the resolver of a table.

        ``variables`` are the fields of each form whose values stay on the case, ``counted`` what moves count.
        A retired field takes its variable with it, unless another form still sets a variable of that name.
        """
        ends: dict[str, dict[str, str | None]] = {sort: {} for sort in ("state", "move", "clause", "field")}
        explicit: dict[str, str | None] = {}
        for entry in retired:
            for sort, name in entry.named:
                (explicit if sort == "variable" else ends[sort])[name] = entry.to
        live = {*OF_OPENING, *counted, *(name for names in variables.values() for name in names)}
        implied = dict(_implied(ends["field"], variables, live))
        return cls(ends["state"], ends["move"], ends["clause"], ends["field"], implied | explicit)

    def state(self, name: str) -> str:
        """Return the state that replaced this one; a live state is returned as it is."""
        return _end(self.states, name) or name

    def move(self, name: str) -> str:
        """Return the move that replaced this one; a move that was retired to nothing keeps its name."""
        return _end(self.moves, name) or name

    def clause(self, name: str) -> str | None:
        """Return the clause that replaced this one; None where it was retired to nothing."""
        return _end(self.clauses, name)

    def clause_or_own(self, name: str) -> str:
        """Return the clause to show for a recorded one; a clause that was retired to nothing keeps its name."""
        return self.clause(name) or name

    def form(self, form: str, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Return a recorded form with the field names of today; a field retired to nothing keeps its name."""
        return {self._field(form, name) or name: value for name, value in recorded.items()}

    def variables(self, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Return the variables of a case under the names of today, without those that were retired to nothing.

        Where the new name has a value already, that value stays: it is the later one.
        """
        current = {name: value for name, value in recorded.items() if name not in self.renamed_variables}
        for name, value in recorded.items():
            if name in self.renamed_variables and (new := _end(self.renamed_variables, name)) is not None:
                current.setdefault(new, value)
        return current

    def names(self, sort: str, name: str) -> tuple[str, ...]:
        """Return a live name and every retired name that it replaced: all names under which it may be recorded."""
        successors: Successors = getattr(self, f"{sort}s")
        return (name, *(old for old in successors if _end(successors, old) == name))

    def _field(self, form: str, name: str) -> str | None:
        return _field_end(self.fields, form, name)


def _end(successors: Successors, name: str) -> str | None:
    """Follow a name to its last successor; a cycle, which the laws forbid, ends where it began."""
    seen = {name}
    current: str | None = name
    while current is not None and current in successors:
        current = successors[current]
        if current in seen:
            return name
        if current is not None:
            seen.add(current)
    return current


def _field_end(fields: Successors, form: str, name: str) -> str | None:
    end = _end({old: new and f"{form}.{new}" for old, new in fields.items()}, f"{form}.{name}")
    return None if end is None else end.partition(".")[2]


def _implied(
    fields: Successors, variables: Mapping[str, Iterable[str]], live: set[str]
) -> Iterator[tuple[str, str | None]]:
    """Yield the variables that are renamed or dropped with the fields that set them, and their successors."""
    for retired in fields:
        form, _, name = retired.partition(".")
        if name not in live:
            new = _field_end(fields, form, name)
            if new is None or new in set(variables.get(form, ())):
                yield name, new
