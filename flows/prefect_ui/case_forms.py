"""Decides which forms act on a case as it stands, and fills them in as far as the case says; ids and codes only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from engine.store import Store
from reports.current_names import clause_of, state_of
from statemachines.kinds import lifecycle_of
from statemachines.roles import TOP_LEVEL

CASE = "SELECT id, number, kind, state, level, department, closed FROM cases WHERE number = :number"
OPEN_TIMERS = (
    "SELECT clause FROM timer WHERE case_id = :case_id AND closed_at IS NULL ORDER BY level DESC, fires_at, id"
)

ESCALATE, REASSIGN, EXTEND, DECIDE = "escalate-case", "reassign-case", "extend-promise", "decide-case"
SHOW = "show-case"


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


def forms_of(
    store: Store, number: str, deployed: Mapping[str, DeployedForm]
) -> list[tuple[str, DeployedForm, dict[str, Any]]]:
    """Return the forms that act on a case now, each with the fields that it begins with."""
    with store.looking() as tx:
        case = tx.row(CASE, number=number)
        if case is None:
            return []
        running = [clause_of(case.kind, row.clause) for row in tx.rows(OPEN_TIMERS, case_id=case.id)]
    wanted = [*_acts(case, running, deployed), (SHOW, dict[str, Any]())]
    return [
        (name, deployed[name], {"case": number, **{key: fields[key] for key in fields if key in deployed[name].fields}})
        for name, fields in wanted
        if name in deployed
    ]


def _acts(case: Any, running: list[str], deployed: Mapping[str, DeployedForm]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the acts that the lifecycle allows in the state of the case; who may do them is decided when they are."""
    if case.closed:
        return
    table, state = lifecycle_of(case.kind), state_of(case.kind, case.state)
    possible = {move.name for move in table.moves if state in move.sources}
    if case.level < TOP_LEVEL and "escalate" in possible:
        yield ESCALATE, _chosen(deployed, ESCALATE, "level", [str(case.level + 1)])
    if "assign" in possible:
        known = _codes(deployed, REASSIGN, "department")
        yield REASSIGN, {"department": known.get(case.department, case.department)} if case.department else {}
    if running and "extend" in possible:
        yield EXTEND, _chosen(deployed, EXTEND, "clause", running)
    awaited = [move for move in _codes(deployed, DECIDE, "move") if move in possible]
    if awaited:
        yield DECIDE, _chosen(deployed, DECIDE, "move", awaited) if len(awaited) == 1 else {}


def _chosen(deployed: Mapping[str, DeployedForm], name: str, field: str, codes: list[str]) -> dict[str, str]:
    """Return the field with the text of the first of the codes that the form offers."""
    texts = _codes(deployed, name, field)
    return next(({field: texts[code]} for code in codes if code in texts), {})


def _codes(deployed: Mapping[str, DeployedForm], name: str, field: str) -> Mapping[str, str]:
    return deployed[name].choices.get(field, {}) if name in deployed else {}
