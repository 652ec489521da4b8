"""Decides which forms act on a case as it stands, and fills them in as far as the case says; ids and codes only."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from engine.store import Store
from reports.current_names import clause_of, state_of
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Move
from statemachines.roles import TOP_LEVEL

CASE = "SELECT id, number, kind, state, level, department, closed FROM cases WHERE number = :number"
OPEN_TIMERS = (
    "SELECT clause FROM timer WHERE case_id = :case_id AND closed_at IS NULL ORDER BY level DESC, fires_at, id"
)

Act = tuple[str, dict[str, Any], tuple[str, str] | None]
"""The name of a form, the fields that are filled in, and the choice among them as a sort of label and a code."""

ESCALATE, REASSIGN, EXTEND, DECIDE = "escalate-case", "reassign-case", "extend-promise", "decide-case"
SHOW = "show-case"
MOVES = {ESCALATE: "escalate", REASSIGN: "assign", EXTEND: "extend"}
"""The moves that the forms make; of a decision, the choice is the move."""


@dataclass(frozen=True, slots=True)
class DeployedForm:
    """The form of a deployment: its id, its fields, and the texts of the choices of a field by their codes."""

    deployment: UUID
    fields: frozenset[str]
    choices: Mapping[str, Mapping[str, str]]


def deployed_form(deployment: UUID, schema: Mapping[str, Any]) -> DeployedForm:
    """Read the form from the schema of a deployment's parameters; a choice ends in its code, after the last dot."""
    reference = schema.get("properties", {}).get("act", {}).get("$ref", "")
    model = schema.get("definitions", {}).get(reference.rpartition("/")[2], {})
    fields: dict[str, Any] = model.get("properties", {})
    choices = {
        name: {str(text).rpartition(" · ")[2]: str(text) for text in field["enum"]}
        for name, field in fields.items()
        if "enum" in field
    }
    return DeployedForm(deployment, frozenset(fields), choices)


@dataclass(frozen=True, slots=True)
class OfferedForm:
    """A form that acts on a case, filled in for one possible act: its fields by their names.

    ``choice`` names what it is filled in with, as a sort of label and a code, where the form has several choices.
    ``move`` is the move that it makes, empty if it makes none; ``codes`` are the same fields as the move's own form has
    them.
    """

    name: str
    deployment: UUID
    fields: Mapping[str, Any]
    choice: tuple[str, str] | None = None
    move: str = ""
    codes: Mapping[str, str] = field(default_factory=dict[str, str])


def forms_of(store: Store, number: str, deployed: Mapping[str, DeployedForm]) -> tuple[str, list[OfferedForm]]:
    """Return the kind of a case, and a form for each act that is possible now; who may do it is decided when he acts.

    The schema of a deployment is the same for all cases, so its form cannot leave out the choices that this case does
    not have. Hence one form for each choice that it has, filled in.
    """
    with store.looking() as tx:
        case = tx.row(CASE, number=number)
        if case is None:
            return "", []
        running = [clause_of(case.kind, row.clause) for row in tx.rows(OPEN_TIMERS, case_id=case.id)]
    acts = [*_acts(case, list(dict.fromkeys(running)), deployed), (SHOW, dict[str, Any](), None)]
    return case.kind, [_offered(deployed[name], case, *act) for act in acts if (name := act[0]) in deployed]


def _offered(
    form: DeployedForm, case: Any, name: str, fields: Mapping[str, Any], choice: tuple[str, str] | None
) -> OfferedForm:
    filled_in = _known(form, {"case": case.number, **fields})
    move = choice[1] if name == DECIDE and choice is not None else MOVES.get(name, "")
    codes = dict([choice]) if choice is not None and name != DECIDE else dict[str, str]()
    if name == REASSIGN and case.department:
        codes["department"] = case.department
    return OfferedForm(name, form.deployment, filled_in, choice, move, codes)


def _known(form: DeployedForm, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name in form.fields}


def _acts(case: Any, running: Sequence[str], deployed: Mapping[str, DeployedForm]) -> Iterator[Act]:
    """Yield what the lifecycle allows in the state of the case, each with the fields of its form."""
    if case.closed:
        return
    table, state = lifecycle_of(case.kind), state_of(case.kind, case.state)
    possible = {move.name: move for move in table.moves if state in move.sources}
    if "escalate" in possible:
        above = [str(level) for level in range(case.level + 1, TOP_LEVEL + 1)]
        yield from _choices(deployed, ESCALATE, "level", above)
    if "assign" in possible:
        known = _codes(deployed, REASSIGN, "department")
        yield REASSIGN, {"department": known.get(case.department, case.department)} if case.department else {}, None
    if "extend" in possible:
        yield from _choices(deployed, EXTEND, "clause", running)
    awaited = [name for name in _codes(deployed, DECIDE, "move") if name in possible]
    for name, fields, choice in _choices(deployed, DECIDE, "move", awaited):
        yield name, fields | _reason(possible[choice[1]] if choice else None), choice


def _choices(deployed: Mapping[str, DeployedForm], name: str, field: str, codes: Iterable[str]) -> Iterator[Act]:
    """Yield the form once for each of the codes that it offers, filled in with the text of the choice."""
    texts = _codes(deployed, name, field)
    for code in codes:
        if code in texts:
            yield name, {field: texts[code]}, (field, code)


def _reason(move: Move | None) -> dict[str, Any]:
    """Leave the reason open where the move asks for one: by default the form says that none is needed."""
    asked = move.form.model_fields.get("reason") if move is not None else None
    return {"reason": ""} if asked is not None and asked.is_required() else {}


def _codes(deployed: Mapping[str, DeployedForm], name: str, field: str) -> Mapping[str, str]:
    return deployed[name].choices.get(field, {}) if name in deployed else {}
