"""Counts of facts by period and attributes, as of an instant: one pass over each relation, whoever asks for it.

The database counts; Python gets a cell for each combination of attributes that occurs, however many cases there are.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.rules.in_force import Rules
from engine.rules.indicator_queries import QUERIES, Facts
from engine.transaction import Tx
from reports.indicators.answer_facts import answers
from reports.indicators.case_facts import relation
from reports.indicators.order_facts import imported_orders, own_orders
from reports.indicators.promise_facts import promises
from reports.indicators.record_at import RecordAt, record_at

Span = tuple[int, int]
"""When a period begins and when it is over, in microseconds."""

CELLS = """
SELECT {period} AS period, count(*) AS facts{groups}{sums} FROM ({relation}) f
 WHERE f.at >= :begin AND f.at < :end GROUP BY 1{group_by}
"""
# Nearest rank: the median is the mean of the two values in the middle.
RANKED = """
SELECT r.period{groups}, r.n, r.rank, r.value FROM (
    SELECT f.period{groups}, f.value, row_number() OVER w AS rank, count(*) OVER (PARTITION BY f.period{groups}) AS n
      FROM (SELECT {period} AS period, f.{query} AS value{groups} FROM ({relation}) f
             WHERE f.at >= :begin AND f.at < :end AND f.{query} IS NOT NULL{where}) f
    WINDOW w AS (PARTITION BY f.period{groups} ORDER BY f.value)) r
 WHERE r.rank IN ({ranks}) ORDER BY r.period{groups}, r.rank
"""
RANKS = "(r.n + 1) / 2, (r.n + 2) / 2, (r.n * 9 + 9) / 10"
"""The ranks that are read: the middle one or the two in the middle; the least that nine tenths do not exceed."""
FACTS_OF_CASES = """
SELECT f.case_id, {sums} FROM ({relation}) f JOIN cases c ON c.id = f.case_id
 WHERE f.at >= :begin AND f.at < :end{where} AND ({scope}) GROUP BY f.case_id
"""


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
class Rank:
    """A value with its rank among those of a group in a period, the least is 1, and how many there are."""

    period: int
    attributes: Mapping[str, str]
    n: int
    rank: int
    value: int

    @property
    def in_the_middle(self) -> bool:
        """Return whether it is the median, or one of the two of which this is the mean."""
        return self.rank in {(self.n + 1) // 2, (self.n + 2) // 2}

    @property
    def at_nine_tenths(self) -> bool:
        """Return whether it is the least value that nine tenths do not exceed."""
        return self.rank == (self.n * 9 + 9) // 10


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads facts as of an instant, in microseconds, in one transaction, by the rules that held when they happened."""

    tx: Tx
    rules: Rules
    as_of: int
    record: RecordAt

    @classmethod
    def at(cls, tx: Tx, rules: Rules, as_of: int) -> "Reader":
        """Return a reader of what had been recorded by an instant, in microseconds."""
        return cls(tx, rules, as_of, record_at(tx, as_of))

    def cells(
        self, facts: Facts, spans: Sequence[Span], attributes: Collection[str], queries: Collection[str]
    ) -> list[Cell]:
        """Return the cells of the facts of these periods by these attributes, with the sums of these queries.

        An attribute without a value is ''. Where orders were imported for a period, they are its orders, and else the
        service orders of this store.
        """
        counted = self._counted(facts, spans, names := sorted(attributes), sorted(queries))
        if facts is not Facts.ORDERS:
            return counted
        imported = [Cell(*cell) for cell in imported_orders(self.tx, spans, names, self.as_of)]
        covered = {cell.period for cell in imported}
        return [*imported, *(cell for cell in counted if cell.period not in covered)]

    def _counted(self, facts: Facts, spans: Sequence[Span], names: Sequence[str], queries: Sequence[str]) -> list[Cell]:
        sql = CELLS.format(
            period=_period(spans), groups="".join(f", coalesce(f.{name}, '') AS {name}" for name in names),
            sums="".join(f", sum(f.{query}) AS {query}" for query in queries),
            relation=self.relation(facts, names, queries),
            group_by="".join(f", {number}" for number in range(3, 3 + len(names))),
        )  # fmt: skip
        rows = self.tx.rows(sql, **self._values(spans))
        return [
            Cell(row.period, row.facts, _picked(row, names), {query: int(getattr(row, query)) for query in queries})
            for row in rows
            if row.period is not None
        ]

    def ranks(
        self, query: str, spans: Sequence[Span], by: Collection[str], filters: Mapping[str, Sequence[str]]
    ) -> list[Rank]:
        """Return the durations in the middle and at nine tenths, by period and attributes."""
        names = sorted(by)
        sql = RANKED.format(
            period=_period(spans), groups="".join(f", {name}" for name in names), query=query, ranks=RANKS,
            relation=self.relation(QUERIES[query].facts, sorted({*names, *filters}), (query,)), where=_where(filters),
        )  # fmt: skip
        rows = self.tx.rows_among(sql, **self._values(spans), **_lists(filters))
        return [
            Rank(row.period, _picked(row, names), row.n, row.rank, row.value) for row in rows if row.period is not None
        ]

    def by_case(
        self, query: str, span: Span, filters: Mapping[str, Sequence[str]], scope: str, values: Mapping[str, Any]
    ) -> list[Any]:
        """Return each case with facts of the query in the period, that meets a condition: number of facts, and sum."""
        sql = FACTS_OF_CASES.format(
            sums=f"count(f.{query}) AS facts, sum(f.{query}) AS total", where=_where(filters), scope=scope,
            relation=self.relation(QUERIES[query].facts, sorted(filters), (query,)),
        )  # fmt: skip
        return self.tx.rows_among(sql, **self._values([span]), **_lists(filters), **values)

    def relation(self, facts: Facts, attributes: Collection[str], queries: Collection[str] = ()) -> str:
        """Return the relation of these facts as a SELECT, for these queries."""
        if facts is Facts.PROMISES:
            return promises(self.record, attributes)
        if facts is Facts.ANSWERS:
            return answers(self.record, attributes, self.rules, queries)
        if facts is Facts.ORDERS:
            return own_orders(self.record, attributes)
        return relation(facts, self.record, attributes, self.rules, queries)

    def _values(self, spans: Sequence[Span]) -> dict[str, Any]:
        return {"as_of": self.as_of, "begin": min(begin for begin, _ in spans), "end": max(end for _, end in spans)}


def _period(spans: Sequence[Span]) -> str:
    """Return the number of the period in which a fact lies; NULL for a gap between them."""
    whens = (f"WHEN f.at >= {begin} AND f.at < {end} THEN {number}" for number, (begin, end) in enumerate(spans))
    return f"CASE {' '.join(whens)} END"


def _where(filters: Mapping[str, Sequence[str]]) -> str:
    return "".join(f" AND f.{name} = ANY(:only_{name})" for name in sorted(filters))


def _lists(filters: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {f"only_{name}": list(values) for name, values in filters.items()}


def _picked(row: Any, names: Sequence[str]) -> dict[str, str]:
    return {name: getattr(row, name) or "" for name in names}
