"""Cases as people read them: under the names that their lifecycles have today, whenever they were written."""

import json
from typing import TYPE_CHECKING

from engine.ledger.chain import canonical
from statemachines.kinds import lifecycles

if TYPE_CHECKING:
    from models import Case


def current(case: "Case") -> "Case":
    """Return the case under the names of today; a copy where names were retired, which no session writes back."""
    table = lifecycles().get(case.kind)
    if table is None or not table.retired:
        return case
    resolver = table.resolver
    names = {
        "state": resolver.state(case.state),
        "previous_state": resolver.state(case.previous_state),
        "variables": canonical(resolver.variables(json.loads(case.variables))),
    }
    return type(case)(**{**case.model_dump(), **names})


def state_of(kind: str, state: str) -> str:
    """Return the state of a case of some kind under the name of today."""
    table = lifecycles().get(kind)
    return table.resolver.state(state) if table is not None else state


def clause_of(kind: str, clause: str) -> str:
    """Return the clause of a timer under the name of today; its own where the clause was retired to nothing."""
    table = lifecycles().get(kind)
    return table.resolver.clause_or_own(clause) if table is not None else clause


def states_by_kind(state: str) -> dict[str, list[str]]:
    """Return, for each kind in which retired names mean this state or this one is retired, all names to look for."""
    names = {kind: table.resolver.names("state", table.resolver.state(state)) for kind, table in lifecycles().items()}
    return {kind: list(some) for kind, some in names.items() if some != (state,)}
