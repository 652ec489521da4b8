"""What the orders of cases are made of: ranks of cases, each of parts that are read along one index."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from engine.access.condition import EVERY_CASE, Condition, both
from reports.queue_order import ranks

CASES, TIMERS = "cases c", "timer k"
BY_ID, BY_CHANGE, BY_STEP, BY_TIMER = ("c.id",), ("c.changed_at", "c.id"), ("k.fires_at", "k.id"), ("k.id",)
RUNS: Final = "{k}.fires_at IS NOT NULL"
"""A timer that has a step to come."""
RESTS_SPENT: Final = "{k}.closed_at IS NULL AND {k}.fires_at IS NULL AND {k}.running_since IS NOT NULL"
"""A timer that runs on after its last step: what it promises is overdue."""


class Sort(StrEnum):
    """By what cases are sorted: when they came in, when they last moved, when the next step of a promise is due.

    ``QUEUE`` is the order of work: customers before internal cases, urgent ones first, then the soonest due.
    """

    OPENED = "opened"
    CHANGED = "changed"
    DUE = "due"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: in which of the parts of an order, at which key. Without a key it is the beginning."""

    part: int = 0
    key: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """What is read along one index: its table, the rows in the index, what belongs to the part besides.

    The last column of ``key`` is unique.
    """

    rows: str
    key: tuple[str, ...]
    indexed: str = "TRUE"
    condition: Condition = EVERY_CASE
    newest_first: bool = False

    @property
    def case_id(self) -> str:
        """Return what tells of a row which case it is of; a timer is not to be looked up by it, hence the sign."""
        return "c.id" if self.rows == CASES else "+k.case_id"

    @property
    def order(self) -> str:
        """Return the key as a query sorts by it."""
        return ", ".join(f"{column} DESC" if self.newest_first else column for column in self.key)


@dataclass(frozen=True, slots=True)
class Rank:
    """Parts that follow each other and whose cases meet one condition. ``first`` is the number of the first part.

    ``timed``: they are all open, and in the order of timers, so that few of them are better sorted.
    """

    condition: Condition
    parts: tuple[Part, ...]
    first: int = 0
    timed: bool = False


def _any(timer: str) -> str:
    return f"EXISTS (SELECT 1 FROM timer s_ WHERE s_.case_id = c.id AND {timer.format(k='s_')})"  # noqa: S608


def _timers(timer: str, key: tuple[str, ...], *others: str) -> Part:
    """Return the part of the cases that have such a timer, by the first one of each."""
    here, earlier = ", ".join(key), ", ".join(key).replace("k.", "e_.")
    first = (
        f"c.id = k.case_id AND {timer.format(k='k')} AND NOT EXISTS (SELECT 1 FROM timer e_ WHERE e_.case_id = c.id"  # noqa: S608
        f" AND {timer.format(k='e_')} AND ({earlier}) < ({here}))"
    )
    return Part(TIMERS, key, timer.format(k="k"), both(Condition(first), *map(Condition, others)))


def _none(*timers: str) -> Part:
    return Part(CASES, BY_ID, condition=both(*(Condition(f"NOT {_any(timer)}") for timer in timers)))


SPENT: Final = _timers(RESTS_SPENT, BY_TIMER)
IN_THE_QUEUE: Final = (SPENT, _timers(RUNS, BY_STEP, f"NOT {_any(RESTS_SPENT)}"), _none(RUNS, RESTS_SPENT))
BY_NEXT_STEP: Final = (_timers(RUNS, BY_STEP), _none(RUNS))


def order_of(sort: Sort, *, newest_first: bool, open_only: bool) -> list[Rank]:
    """Return what is read one after the other. ``open_only`` says that no closed case is to be listed."""
    if sort is Sort.QUEUE:
        return [
            Rank(condition, IN_THE_QUEUE, len(IN_THE_QUEUE) * n, open_only) for n, condition in enumerate(ranks())
        ]  # fmt: skip
    if sort is Sort.DUE:
        return [Rank(EVERY_CASE, BY_NEXT_STEP, timed=open_only)]
    key = BY_CHANGE if sort is Sort.CHANGED else BY_ID
    return [Rank(EVERY_CASE, (Part(CASES, key, newest_first=newest_first),))]


def part_of(order: Sequence[Rank], number: int) -> Part:
    """Return a part by its number. Raises ``IndexError``."""
    return [part for rank in order for part in rank.parts][number]
