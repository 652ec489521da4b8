"""Finds the shortest list that an index gives and that holds all open cases of a condition."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.access.condition import Condition, both, either
from engine.access.scope import MOVED_BY
from engine.transaction import Tx
from reports.queue_order import URGENT
from reports.text_search import read_once

FEW: Final = 600
"""A list up to this size is sorted at once."""
MANY: Final = 5_000
"""A list of more cases is not sorted, and not counted to its end."""
STEPS: Final = 15_000
"""How far the index of the timers is followed with a list at hand: as long as it takes to sort a thousand cases."""
STEPS_TO_CASES: Final = 2_000
"""How far it is followed without, where each step leads to a case."""

OPEN: Final = "SELECT c.id FROM cases c WHERE NOT c.closed AND ({condition})"


@dataclass(frozen=True, slots=True)
class CaseList:
    """A query of the ids of cases, the values that it has besides those of its condition, and how many they are.

    A size above ``MANY`` stands for any larger one. ``sql`` may name a case twice, which ``size`` then counts twice.
    """

    sql: str = ""
    size: int = MANY + 1
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])


class CaseLists:
    """The lists of a condition, each counted at most once up to ``FEW``, and once up to ``MANY``.

    Note [Limits are literals]: Postgres keeps the plan of a statement only where it expects that it suits any values.
    It expects a list of thousands where it knows neither the department nor the limit, and then plans anew for each
    page, which takes longer than to read the list. With the limit in the statement it keeps the plan.
    """

    def __init__(self, tx: Tx, condition: Condition) -> None:
        self.condition = condition
        self._tx = tx
        self._sizes: dict[tuple[tuple[str, ...], int], int] = {}
        self._every_case: CaseList | None = None
        self._ids: dict[str, CaseList] = {}

    def shortest(self, whole: Condition) -> CaseList:
        """Return the shortest of the lists of a condition that holds for no other cases than ours."""
        shortest = self._shortest_up_to(FEW, whole)
        if shortest.size > FEW:
            shortest = self._urgent_in(whole) or self._shortest_up_to(MANY, whole)
        return shortest

    def _shortest_up_to(self, most: int, whole: Condition) -> CaseList:
        """Return the shortest list; the size of a longer one than ``most`` is any larger number."""
        if unknown := [each for each in whole.lists if (each, most) not in self._sizes]:
            columns = ", ".join(f"{_size_of(each, most + 1)} AS size_{n}" for n, each in enumerate(unknown))
            row = self._tx.row(f"SELECT {columns}", **whole.values)
            self._sizes |= {(each, most): size for each, size in zip(unknown, row, strict=True)}
        lists = [CaseList(_union_of(each), self._sizes[each, most]) for each in whole.lists]
        return min(lists, key=lambda each: each.size, default=CaseList())

    def _urgent_in(self, whole: Condition) -> CaseList | None:
        """Return the urgent cases that are in each list of a condition; None if they are many, or no other list is.

        Their index has the columns of the other lists, but not who acted on a case. SQLite would rather read rows.
        """
        lists = [each for each in whole.lists if MOVED_BY not in each]
        if len(lists) < 2 or URGENT.lists[0] not in lists:
            return None
        sql = OPEN.format(condition=both(*(either(map(Condition, each)) for each in lists)).sql)
        by_index = sql if self._tx.postgres else sql.replace("cases c", "cases c INDEXED BY ix_cases_urgent", 1)
        common = self._of_ids(by_index, whole, FEW)
        return common if common.size <= FEW else None

    def every_case(self) -> CaseList:
        """Return the list of exactly the cases of our condition, which the whole table is read for."""
        if self._every_case is None:
            self._every_case = self._of_ids(OPEN.format(condition=read_once(self.condition).sql), self.condition, MANY)
        return self._every_case

    def read(self, cases: CaseList, condition: Condition) -> CaseList:
        """Return a list as the ids that its query gives, which is asked once for all ranks of a page.

        What is read of the cases by their ids has one plan for all lists, which Postgres keeps.
        """
        if cases.values or not cases.size:
            return cases
        if cases.sql not in self._ids:
            self._ids[cases.sql] = self._of_ids(cases.sql, condition, MANY)
        return self._ids[cases.sql]

    def _of_ids(self, sql: str, condition: Condition, most: int) -> CaseList:
        """Return the list of the ids that a query gives. See Note [Limits are literals]."""
        ids = list(dict.fromkeys(row.id for row in self._tx.rows(f"{sql} LIMIT {most + 1}", **condition.values)))
        listed = (
            "SELECT unnest(:find_ids) AS id" if self._tx.postgres else "SELECT value AS id FROM json_each(:find_ids)"
        )
        return CaseList(listed, len(ids), {"find_ids": ids})


def _size_of(conditions: tuple[str, ...], most: int) -> str:
    """Return the SQL that counts a list up to ``most``. See Note [Limits are literals]."""
    if not conditions:
        return "0"
    return f"(SELECT count(*) FROM ({_union_of(conditions)} LIMIT {most}) AS listed)"  # noqa: S608


def _union_of(conditions: tuple[str, ...]) -> str:
    return " UNION ALL ".join(OPEN.format(condition=each) for each in conditions)
