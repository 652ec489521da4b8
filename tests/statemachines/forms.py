"""Draws facts and valid forms for any move of any lifecycle."""

from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, get_args, get_type_hints

from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from statemachines.form_model import Form
from statemachines.lifecycle import Facts, Lifecycle, Move

POOL = (
    None,
    True,
    False,
    0,
    1,
    2,
    3,
    4,
    5,
    100,
    "words",
    "Some words.",
    "cp-26-000001",
    datetime(2026, 3, 2, tzinfo=UTC),
)
"""Every kind of value that some field of some form takes."""


def forms(form: type[Form]) -> st.SearchStrategy[Form]:
    """Valid forms of a type."""
    return st.fixed_dictionaries({name: st.sampled_from(values) for name, values in choices(form).items()}).map(
        form.model_validate
    )


@cache
def choices(form: type[Form]) -> dict[str, list[Any]]:
    """For each field the values it takes, out of the pool and of its own enumerations."""
    hints = get_type_hints(form, include_extras=True)
    found = {name: accepted(hints[name]) for name in form.model_fields}
    assert all(found.values()), f"{form.__name__}: the pool holds nothing for some field of {found}"
    return found


def accepted(hint: Any) -> list[Any]:
    adapter: TypeAdapter[Any] = TypeAdapter(hint)
    taken: list[Any] = []
    for value in (*members(hint), *POOL):
        try:
            adapter.validate_python(value, strict=True)
        except ValidationError:
            continue
        taken.append(value)
    return taken


def members(hint: Any) -> list[Any]:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return list(hint)
    return [member for part in get_args(hint) for member in members(part)]


def facts(table: Lifecycle, state: str) -> st.SearchStrategy[Facts]:
    """What may be known of a case in that state."""
    return st.builds(
        Facts,
        state=st.just(state),
        previous_state=st.sampled_from(["", *table.state]),
        cycle=st.integers(1, 5),
        level=st.integers(0, 3),
        attempts=st.integers(0, 5),
        max_rounds=st.none() | st.integers(1, 4),
        max_attempts=st.integers(1, 4),
    )


def rivals(table: Lifecycle) -> list[tuple[str, list[Move]]]:
    """Each source from which one move has several rows, with those rows."""
    return [
        (state, rows)
        for move in table.rows.values()
        for state in table.state
        if len(rows := [row for row in move if state in row.sources]) > 1
    ]
