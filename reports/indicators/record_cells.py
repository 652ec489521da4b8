"""Cells of facts as the record has them: counted by the database in one pass over the relation of each kind.

Python gets a cell for each combination of attributes that occurs, however many cases there are.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Self

from engine.rules.in_force import Rules
from engine.rules.indicator_queries import QUERIES, Facts
from engine.transaction import Tx
from reports.indicators.answer_facts import answers
from reports.indicators.case_facts import relation
from reports.indicators.determination_facts import determinations
from reports.indicators.order_facts import own_orders
from reports.indicators.promise_facts import promises
from reports.indicators.record_at import RecordAt, record_at
from statemachines.kinds import kept_with_lifecycles

Span = tuple[int, int]
"""When a period begins and when it is over, in microseconds."""
Group = tuple[int, tuple[str, ...]]
"""The number of a period, and the values of attributes in the order of their names."""
Durations = dict[Group, list[int]]
"""Durations in microseconds, in any order."""

CELLS = """
SELECT {period} AS period, count(*) AS facts{groups}{sums} FROM ({relation}) f
 WHERE f.at >= :begin AND f.at < :end GROUP BY 1{group_by} LIMIT {most}
"""
# One text for each group: a row for each duration would take many times the memory.
DURATIONS = """
SELECT f.period{groups}, {joined} AS durations
  FROM (SELECT {period} AS period, f.{query} AS value{values} FROM ({relation}) f
         WHERE f.at >= :begin AND f.at < :end AND f.{query} IS NOT NULL LIMIT {most}) f
 GROUP BY f.period{groups}
"""
JOINED = {False: "group_concat(f.value, ',')", True: "string_agg(CAST(f.value AS text), ',')"}
"""How the values of a group become one text: on SQLite, and on Postgres."""
MOST_CELLS = 1_000_000
"""The most cells that are read: so many that the facts themselves would not take more memory."""


@dataclass(frozen=True, slots=True)
class Cell:
    """How many facts of a period have these attributes, and the sum of each query over them."""

    period: int
    facts: int
    attributes: Mapping[str, str]
    sums: Mapping[str, int]

    def meets(self, filters: Mapping[str, Collection[str]]) -> bool:
        """Return whether the facts of the cell are among those that the filters leave."""
        return all(self.attributes[name] in values for name, values in filters.items())


@dataclass(frozen=True, slots=True)
class RecordReader:
    """Reads facts as of an instant, in microseconds, in one transaction, by the rules that held when they happened.

    With ``changed_since`` it reads those of the cases alone that may count otherwise than then: those that have moved
    since that instant, and the determinations that come next after theirs.
    """

    tx: Tx
    rules: Rules
    as_of: int
    record: RecordAt
    changed_since: int | None = None

    @classmethod
    def at(cls, tx: Tx, rules: Rules, as_of: int, changed_since: int | None = None) -> Self:
        """Return a reader of what had been recorded by an instant, in microseconds."""
        return cls(tx, rules, as_of, record_at(tx, as_of, changed_only=changed_since is not None), changed_since)

    def counted(
        self, facts: Facts, spans: Sequence[Span], names: Sequence[str], queries: Sequence[str], most: int = MOST_CELLS
    ) -> list[Cell]:
        """Return the cells of these periods by these attributes, with the sums of these queries, at most so many.

        An attribute without a value is ''. Of the orders they are those of the service orders of this store.
        """
        sql = CELLS.format(
            period=period_of_fact(spans), groups=named_values(names),
            sums="".join(f", sum(f.{query}) AS {query}" for query in queries),
            relation=self.relation(facts, names, queries), most=most,
            group_by="".join(f", {number}" for number in range(3, 3 + len(names))),
        )  # fmt: skip
        return [
            Cell(row.period, row.facts, picked(row, names), {query: int(getattr(row, query)) for query in queries})
            for row in self.tx.rows(sql, **self.values(spans))
            if row.period is not None
        ]

    def durations(self, query: str, spans: Sequence[Span], names: Sequence[str], most: int) -> Durations:
        """Return the durations of these periods by these attributes, at most so many; one without a value is ''."""
        sql = DURATIONS.format(
            period=period_of_fact(spans), groups="".join(f", f.{name}" for name in names), query=query, most=most,
            values=named_values(names), joined=JOINED[self.tx.postgres],
            relation=self.relation(QUERIES[query].facts, names, (query,)),
        )  # fmt: skip
        return {
            (row.period, tuple(getattr(row, name) for name in names)): list(map(int, row.durations.split(",")))
            for row in self.tx.rows(sql, **self.values(spans))
            if row.period is not None
        }

    def relation(self, facts: Facts, attributes: Collection[str], queries: Collection[str] = ()) -> str:
        """Return the relation of these facts as a SELECT, for these queries."""
        return relation_of(self.record, self.rules, facts, attributes, queries)

    def values(self, spans: Sequence[Span]) -> dict[str, Any]:
        """Return the values of the parameters of a relation of these periods."""
        since = {} if self.changed_since is None else {"changed_since": self.changed_since}
        begin, end = min(begin for begin, _ in spans), max(end for _, end in spans)
        return {"as_of": self.as_of, "begin": begin, "end": end, **bounds(spans), **since}


def relation_of(
    record: RecordAt, rules: Rules, facts: Facts, attributes: Collection[str], queries: Collection[str]
) -> str:
    """Return the relation of facts with these attributes and queries as a SELECT with the parameter ``:as_of``."""
    return _relation_of(record, rules, facts, tuple(attributes), tuple(queries))


@kept_with_lifecycles(256)
def _relation_of(
    record: RecordAt, rules: Rules, facts: Facts, attributes: tuple[str, ...], queries: tuple[str, ...]
) -> str:
    if facts is Facts.PROMISES:
        return promises(record, attributes)
    if facts is Facts.ANSWERS:
        return answers(record, attributes, rules, queries)
    if facts is Facts.ORDERS:
        return own_orders(record, attributes)
    if facts is Facts.DETERMINATIONS:
        return determinations(record, attributes)
    return relation(facts, record, attributes, rules, queries)


def period_of_fact(spans: Sequence[Span]) -> str:
    """Return the number of the period in which a fact lies, NULL for a gap between them; its bounds are parameters.

    So the text is the same for as many periods of any time, and the database need not parse it anew for each month.
    """
    return _halved(0, len(spans)) if _successive(spans) else _one_by_one(len(spans))


def bounds(spans: Sequence[Span]) -> dict[str, int]:
    """Return the values of the parameters of ``period_of_fact``."""
    begins = {f"from_{number}": begin for number, (begin, _) in enumerate(spans)}
    return begins if _successive(spans) else begins | {f"to_{number}": end for number, (_, end) in enumerate(spans)}


def named_values(names: Sequence[str]) -> str:
    """Return these attributes of facts ``f`` as further columns of a SELECT; one without a value is ''."""
    return "".join(f", coalesce(f.{name}, '') AS {name}" for name in names)


def picked(row: Any, names: Sequence[str]) -> dict[str, str]:
    """Return these attributes of a row; one without a value is ''."""
    return {name: getattr(row, name) or "" for name in names}


def _successive(spans: Sequence[Span]) -> bool:
    return all(before[1] == after[0] for before, after in pairwise(spans))


@lru_cache(maxsize=64)
def _halved(first: int, number: int) -> str:
    """Return which of so many successive periods from the first one it is, by halves."""
    if number == 1:
        return str(first)
    half = number // 2
    before, after = _halved(first, half), _halved(first + half, number - half)
    return f"CASE WHEN f.at < :from_{first + half} THEN {before} ELSE {after} END"


def _one_by_one(number: int) -> str:
    whens = (f"WHEN f.at >= :from_{each} AND f.at < :to_{each} THEN {each}" for each in range(number))
    return f"CASE {' '.join(whens)} END"
