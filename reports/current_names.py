"""Cases as people read them: under the names that their lifecycles have today, whenever they were written."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col

from models import Case
from statemachines.kinds import lifecycles


def current(case: Case) -> Case:
    """The case under the names of today; a copy where a name was retired, which no session writes back."""
    table = lifecycles().get(case.kind)
    if table is None or not table.retired:
        return case
    resolver = table.resolver
    variables = json.loads(case.variables)
    names: dict[str, Any] = {
        "state": resolver.state(case.state),
        "previous_state": resolver.state(case.previous_state),
        "variables": json.dumps(resolver.variables(variables), sort_keys=True, separators=(",", ":")),
    }
    return Case(**{**case.model_dump(), **names})


def state_of(kind: str, state: str) -> str:
    """The state of a case of some kind under the name of today."""
    table = lifecycles().get(kind)
    return table.resolver.state(state) if table is not None else state


def clause_of(kind: str, clause: str) -> str:
    """The clause of a timer under the name of today; its own where the clause was retired to nothing."""
    table = lifecycles().get(kind)
    return table.resolver.clause_or_own(clause) if table is not None else clause


def in_state(state: str) -> ColumnElement[bool]:
    """The condition that a case stands in a state, which may be given, and may be written, under a retired name."""
    return or_(col(Case.state) == state, *_elsewhere(state))


def _elsewhere(state: str) -> Iterator[ColumnElement[bool]]:
    for kind, table in lifecycles().items():
        names = table.resolver.names("state", table.resolver.state(state))
        if names != (state,):
            yield and_(col(Case.kind) == kind, col(Case.state).in_(names))
