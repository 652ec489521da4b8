"""Compare the row of a case with what its history results in, each transition under the lifecycle that it names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import orjson

from engine.commands.open_case import OPEN, Opened
from engine.ledger.case_variables import next_variables, stamped
from engine.ledger.chain import canonical
from engine.ledger.hand_over import Responsible, handed_over
from engine.ledger.lifecycle_versions import Versions
from engine.ledger.record import CaseRow
from statemachines.form_model import ON_CASE, VARIABLE, marked
from statemachines.kinds import lifecycles
from statemachines.lifecycle_record import RecordedForm, RecordedLifecycle, read_document
from statemachines.retirement import CARRIED_OVER

OPENED = RecordedForm(tuple(Opened.model_fields), marked(Opened, ON_CASE), marked(Opened, VARIABLE))

Row = Mapping[str, Any]


def row_faults(case: CaseRow, history: list[dict[str, Any]], versions: Versions) -> Iterator[str]:
    """Yield the columns of the case that differ from what its history results in."""
    if not history:
        yield from () if case.kind in lifecycles() else ("unknown_kind",)
        return
    documents = _Versions(case.kind, versions)
    last = documents.of(history[-1])
    if last is None:
        yield "unknown_kind"
    elif case.state not in last.states:
        yield "unknown_state"
    else:
        replayed = _replayed(documents, history) | {"closed": last.states[case.state]}
        yield from (f"row_{name}" for name, value in replayed.items() if getattr(case, name) != value)


@dataclass(frozen=True, slots=True)
class _Versions:
    """The versions of one kind's lifecycle. A version that the store does not hold is read as the table in force."""

    kind: str
    recorded: Versions

    def of(self, transition: Row) -> RecordedLifecycle | None:
        """Return the lifecycle that a transition was made under; None for an unknown version of an unknown kind."""
        lifecycle = self.recorded.get((self.kind, transition["lifecycle"]))
        if lifecycle is None and (table := lifecycles().get(self.kind)) is not None:
            return read_document(table.document)
        return lifecycle


def _replayed(documents: _Versions, history: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the case's row as its history results in, replaying each transition under the version it carries."""
    row: dict[str, Any] = {"previous_state": "", "attempts": 0, "opened_at": history[0]["occurred_at"]}
    row |= dict.fromkeys(("category", "severity", "department", "owner", "customer_type")) | {"variables": "{}"}
    cycle = history[0]["cycle"]
    for made in history:
        lifecycle = documents.of(made)
        form = parsed_form(made["form"])
        fields, counts, stamps, clears, collects = _effects(lifecycle, made)
        department = row["department"]
        row |= {name: form[name] for name in fields.on_case if name in form and name in row}
        values = {name: form[name] for name in fields.variables if name in form} | stamped(stamps, made["occurred_at"])
        collected = (collects[1], str(form.get(collects[0]))) if collects else None
        row["variables"] = next_variables(row["variables"], values, counts, clears, collected)
        if lifecycle is not None and lifecycle.hands_over:
            after = Responsible(row["department"], row["owner"], row["variables"])
            row |= handed_over(department, after, "owner" in form)._asdict()
        if made["move"] == CARRIED_OVER and lifecycle is not None:
            row["previous_state"] = lifecycle.resolver.state(row["previous_state"])
            row["variables"] = _renamed(row["variables"], lifecycle)
        elif made["dest"] != made["source"]:
            row["previous_state"] = made["source"]
        if made["cycle"] != cycle:
            cycle, row["attempts"] = made["cycle"], 0
        row |= {"changed_at": made["recorded_at"], "channel": form.get("channel", row.get("channel"))}
    return row


def _effects(
    lifecycle: RecordedLifecycle | None, made: Row
) -> tuple[RecordedForm, str | None, str | None, tuple[str, ...], tuple[str, str] | None]:
    """Return the fields of a move's form that change the case's row, and what it counts, stamps, clears, collects."""
    if made["move"] == OPEN:
        return OPENED, None, None, (), None
    move = lifecycle.moves.get(made["move"]) if lifecycle is not None else None
    if move is None:
        return RecordedForm(), None, None, (), None
    return move.form, move.counts, move.stamps, move.clears(made["source"], made["dest"]), move.collects


def _renamed(variables: str, lifecycle: RecordedLifecycle) -> str:
    recorded = orjson.loads(variables)
    resolved = lifecycle.resolver.variables(recorded)
    return variables if resolved == recorded else canonical(resolved)


@lru_cache(maxsize=512)
def parsed_form(text: str) -> Row:
    """Parse the form of a transition; an unreadable one is empty, and its hash reveals it."""
    try:
        form = orjson.loads(text)
    except ValueError:
        return {}
    return cast("Row", form) if isinstance(form, dict) else {}
