"""A condition on cases as SQL and its values, which a query joins with AND."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on the cases of a query that calls them ``c``: ``… FROM cases c WHERE {condition.sql} …``.

    ``values`` are those of the names in ``sql``. Each begins with ``scope_``, so that none is also a name of the query.
    """

    sql: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])


EVERY_CASE = Condition("TRUE")
NO_CASE = Condition("FALSE")


def either(conditions: Iterable[Condition]) -> Condition:
    """Return the condition that one of these holds; without any no case meets it."""
    return _joined("OR", list(conditions), NO_CASE)


def both(*conditions: Condition) -> Condition:
    """Return the condition that all of these hold; without any every case meets it."""
    return _joined("AND", conditions, EVERY_CASE)


def _joined(word: str, conditions: Iterable[Condition], none: Condition) -> Condition:
    # TRUE changes no AND and decides an OR; FALSE does the opposite.
    neutral, deciding = (EVERY_CASE, NO_CASE) if word == "AND" else (NO_CASE, EVERY_CASE)
    parts = [each for each in conditions if each.sql != neutral.sql]
    if any(each.sql == deciding.sql for each in parts):
        return deciding
    if len(parts) <= 1:
        return parts[0] if parts else none
    values = {name: value for each in parts for name, value in each.values.items()}
    return Condition(f" {word} ".join(f"({each.sql})" for each in parts), values)
