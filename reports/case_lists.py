"""Finds the shortest list that an index gives and that holds all open cases of a condition."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.access.condition import Condition
from engine.transaction import Tx

FEW: Final = 600
"""A list up to this size is sorted at once."""
MANY: Final = 5_000
"""A list of more cases is not sorted, and not counted to its end."""
STEPS: Final = 15_000
"""How far the index of the timers is followed with a list at hand: as long as it takes to sort a thousand cases."""
STEPS_TO_CASES: Final = 2_000
"""How far it is followed without, where each step leads to a case."""

OPEN: Final = "SELECT c.id FROM cases c WHERE NOT c.closed AND ({condition})"
EVERY: Final = f"{OPEN} LIMIT :find_many"


@dataclass(frozen=True, slots=True)
class CaseList:
    """A query of the ids of cases, the values that it has besides those of its condition, and how many they are.

    ``MANY + 1`` stands for any larger size.
    """

    sql: str = ""
    size: int = MANY + 1
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])


class CaseLists:
    """The lists of a condition, each counted at most once."""

    def __init__(self, tx: Tx, condition: Condition) -> None:
        self.condition = condition
        self._tx = tx
        self._sizes: dict[tuple[str, ...], int] = {(): 0}
        self._every_case: CaseList | None = None

    def shortest(self, whole: Condition) -> CaseList:
        """Return the shortest of the lists of a condition that holds for no other cases than ours."""
        if unknown := [each for each in whole.lists if each not in self._sizes]:
            columns = ", ".join(f"{_size_of(each)} AS size_{n}" for n, each in enumerate(unknown))
            row = self._tx.row(f"SELECT {columns}", **whole.values, find_many=MANY + 1)
            self._sizes |= {each: min(size, MANY + 1) for each, size in zip(unknown, row, strict=True)}
        lists = [CaseList(_union_of(each), self._sizes[each]) for each in whole.lists]
        return min(lists, key=lambda each: each.size, default=CaseList())

    def every_case(self) -> CaseList:
        """Return the list of exactly the cases of our condition, which the whole table is read for."""
        if self._every_case is None:
            rows = self._tx.rows(
                EVERY.format(condition=self.condition.sql), **self.condition.values, find_many=MANY + 1
            )  # fmt: skip
            ids = [row.id for row in rows]
            self._every_case = CaseList(OPEN.format(condition="c.id = ANY(:find_ids)"), len(ids), {"find_ids": ids})
        return self._every_case


def _size_of(conditions: tuple[str, ...]) -> str:
    counted = (
        f"(SELECT count(*) FROM ({EVERY.format(condition=each)}) AS listed)"  # noqa: S608
        for each in conditions
    )
    return " + ".join(counted)


def _union_of(conditions: tuple[str, ...]) -> str:
    return " UNION ".join(OPEN.format(condition=each) for each in conditions)
