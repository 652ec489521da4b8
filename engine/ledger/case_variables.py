"""The variables that forms leave on a case, and the values of a form as the record spells them."""

from collections.abc import Collection
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import orjson

from engine.ledger.chain import canonical
from models.columns import from_micros
from statemachines.form_model import VARIABLE, Form, marked
from statemachines.lifecycle import Lifecycle, Move


def variables_after(variables: str, form: Form, row: Move | None, occurred_at: int) -> str:
    """Return the case's variables after a move with this form at an instant in microseconds."""
    values = {
        name: plain(getattr(form, name)) for name in marked(type(form), VARIABLE) if getattr(form, name) is not None
    }
    if row is None:
        return next_variables(variables, values)
    collected = (row.collects[1], str(getattr(form, row.collects[0]))) if row.collects else None
    return next_variables(variables, values | stamped(row.stamps, occurred_at), row.counts, row.clears, collected)


def stamped(name: str | None, occurred_at: int) -> dict[str, Any]:
    """Return the variable that a move stamps with its instant, if it stamps one."""
    return {} if name is None else {name: plain(from_micros(occurred_at))}


def next_variables(
    variables: str,
    values: dict[str, Any],
    counts: str | None = None,
    clears: Collection[str] = (),
    collected: tuple[str, str] | None = None,
) -> str:
    """Return the variables without those a row clears, with the form's values, and with its count raised by one.

    ``collected`` is a variable of several values, separated by blanks, and the value that is added to it.
    """
    if not values and counts is None and not clears and collected is None:
        return variables
    before: dict[str, Any] = orjson.loads(variables)
    after = {name: value for name, value in before.items() if name not in clears} | values
    if counts is not None:
        after[counts] = after.get(counts, 0) + 1
    if collected is not None:
        name, value = collected
        after[name] = " ".join(sorted({*after.get(name, "").split(), value}))
    return canonical(after)


def resolved_variables(table: Lifecycle, variables: str) -> str:
    """Return a case's variables under the names that the table has for them."""
    if not table.resolver.renamed_variables:
        return variables
    recorded = orjson.loads(variables)
    resolved = table.resolver.variables(recorded)
    return variables if resolved == recorded else canonical(resolved)


def plain(value: Any) -> Any:
    """Return a form's value as the record spells it. Raises ``TypeError`` for what does not belong there."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (str, bool, int)):
        return value
    raise TypeError(f"{type(value).__name__} does not belong in the record")
