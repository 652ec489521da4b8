"""Draws facts and valid forms for any move of any lifecycle."""

from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, get_args, get_type_hints

from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from statemachines.customer_messages import ToCustomer
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
    "2026-03",
    "0123456789abcdef0123456789abcdef",
    "claims:attitude:9000",
    "0123456789abcdef" * 4,
    datetime(2026, 3, 2, tzinfo=UTC),
)
"""Values of each type that a form's field may hold."""


@cache
def forms(form: type[Form]) -> st.SearchStrategy[Form]:
    """Return the strategy for valid forms of a type; made once, because Hypothesis checks each new one."""
    return st.fixed_dictionaries({name: st.sampled_from(values) for name, values in choices(form).items()}).map(
        form.model_validate
    )


@cache
def choices(form: type[Form]) -> dict[str, list[Any]]:
    """Return for each field the values of the pool and of its own enumerations that it accepts."""
    hints = get_type_hints(form, include_extras=True)
    values = {name: accepted(hints[name]) for name in form.model_fields}
    if issubclass(form, ToCustomer):
        values["recipient"] = [name for name in values["recipient"] if name]  # a conversation names with whom it was
    assert all(values.values()), f"{form.__name__}: the pool holds nothing for some field of {values}"
    return values


def accepted(hint: Any) -> list[Any]:
    """Return the values that pydantic accepts for a type hint."""
    adapter: TypeAdapter[Any] = TypeAdapter(hint)
    valid: list[Any] = []
    for value in (*members(hint), *POOL):
        try:
            adapter.validate_python(value, strict=True)
        except ValidationError:
            continue
        valid.append(value)
    return valid


def members(hint: Any) -> list[Any]:
    """Return the members of every enumeration in a type hint."""
    if isinstance(hint, type) and issubclass(hint, Enum):
        return list(hint)
    return [member for part in get_args(hint) for member in members(part)]


def facts(table: Lifecycle, state: str) -> st.SearchStrategy[Facts]:
    """Return a strategy for the facts of a case in a state."""
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


def rows_with_one_source(table: Lifecycle) -> list[tuple[str, list[Move]]]:
    """Return each state from which a move has several rows, with those rows."""
    return [
        (state, competing)
        for rows in table.rows.values()
        for state in table.state
        if len(competing := [row for row in rows if state in row.sources]) > 1
    ]
