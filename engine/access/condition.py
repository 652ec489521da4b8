"""A condition on cases as SQL and its values, which a query joins with AND."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on the cases of a query that calls them ``c``: ``… FROM cases c WHERE {condition.sql} …``.

    ``values`` are those of the names in ``sql``. Each begins with ``scope_``, so that none is also a name of the query.

    Each item of ``lists`` is a number of conditions, of which at least one holds for every open case that meets this
    condition; each is answered by an index, and uses the same values. A query that sorts few cases reads these instead
    of the whole table. See Note [Order of the queue] in ``reports/queue_order.py``.
    """

    sql: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    lists: tuple[tuple[str, ...], ...] = ()


EVERY_CASE = Condition("TRUE")
NO_CASE = Condition("FALSE", lists=((),))


def by_index(sql: str, values: Mapping[str, Any] | None = None) -> Condition:
    """Return a condition that an index answers by itself."""
    return Condition(sql, values or {}, lists=((sql,),))


def either(conditions: Iterable[Condition]) -> Condition:
    """Return the condition that one of these holds; without any no case meets it."""
    parts, deciding = _without_neutral(conditions, neutral=NO_CASE, deciding=EVERY_CASE)
    if deciding or len(parts) <= 1:
        return EVERY_CASE if deciding else next(iter(parts), NO_CASE)
    listed = tuple(chain.from_iterable(part.lists[0] for part in parts if part.lists))
    return _joined("OR", parts, (tuple(dict.fromkeys(listed)),) if all(part.lists for part in parts) else ())


def both(*conditions: Condition) -> Condition:
    """Return the condition that all of these hold; without any every case meets it."""
    parts, deciding = _without_neutral(conditions, neutral=EVERY_CASE, deciding=NO_CASE)
    if deciding or len(parts) <= 1:
        return NO_CASE if deciding else next(iter(parts), EVERY_CASE)
    return _joined("AND", parts, tuple(dict.fromkeys(chain.from_iterable(part.lists for part in parts))))


def _without_neutral(
    conditions: Iterable[Condition], neutral: Condition, deciding: Condition
) -> tuple[list[Condition], bool]:
    """Return the conditions that count, and whether one of them decides: TRUE changes no AND and decides an OR."""
    parts = [each for each in conditions if each.sql != neutral.sql]
    return parts, any(each.sql == deciding.sql for each in parts)


def _joined(word: str, parts: Sequence[Condition], lists: tuple[tuple[str, ...], ...]) -> Condition:
    values = {name: value for each in parts for name, value in each.values.items()}
    return Condition(f" {word} ".join(f"({each.sql})" for each in parts), values, lists)
