"""Counts of facts by period and attributes, as of an instant: from what a night kept, or else from the record.

This is the one door to the figures of facts: whoever reads them gets the same, to the last digit, from either.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from engine.rules.indicator_queries import QUERIES, Facts
from reports.indicators.kept_cells import kept_cells
from reports.indicators.kept_durations import kept_ranks
from reports.indicators.order_facts import imported_orders
from reports.indicators.ranks import Rank
from reports.indicators.record_cells import Cell, RecordReader, Span, named_values, period_of_fact, picked

# Nearest rank: the median is the mean of the two values in the middle.
RANKED = """
SELECT r.period{groups}, r.n, r.rank, r.value FROM (
    SELECT f.period{groups}, f.value, row_number() OVER w AS rank, count(*) OVER (PARTITION BY f.period{groups}) AS n
      FROM (SELECT {period} AS period, f.{query} AS value{values} FROM ({relation}) f
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


class Reader(RecordReader):
    """Reads facts as of an instant, with what the nights kept of them."""

    __slots__ = ()

    def cells(
        self, facts: Facts, spans: Sequence[Span], attributes: Collection[str], queries: Collection[str]
    ) -> list[Cell]:
        """Return the cells of the facts of these periods by these attributes, with the sums of these queries.

        An attribute without a value is ''. Where orders were imported for a period, they are its orders, and else the
        service orders of this store.
        """
        names, asked = sorted(attributes), sorted(queries)
        counted = kept_cells(self, facts, spans, names, asked)
        if counted is None:
            counted = self.counted(facts, spans, names, asked)
        if facts is not Facts.ORDERS:
            return counted
        imported = [Cell(*cell) for cell in imported_orders(self.tx, spans, names, self.as_of)]
        covered = {cell.period for cell in imported}
        return [*imported, *(cell for cell in counted if cell.period not in covered)]

    def ranks(
        self, query: str, spans: Sequence[Span], by: Collection[str], filters: Mapping[str, Sequence[str]]
    ) -> list[Rank]:
        """Return the durations in the middle and at nine tenths, by period and attributes."""
        names = sorted(by)
        kept = kept_ranks(self, query, spans, names, filters)
        return self.ranked(query, spans, names, filters) if kept is None else kept

    def ranked(
        self, query: str, spans: Sequence[Span], names: Sequence[str], filters: Mapping[str, Sequence[str]]
    ) -> list[Rank]:
        """Return the durations in the middle and at nine tenths as the record has them."""
        sql = RANKED.format(
            period=period_of_fact(spans), groups="".join(f", {name}" for name in names), query=query, ranks=RANKS,
            relation=self.relation(QUERIES[query].facts, sorted({*names, *filters}), (query,)), where=_where(filters),
            values=named_values(names),
        )  # fmt: skip
        rows = self.tx.rows_among(sql, **self.values(spans), **_lists(filters))
        return [
            Rank(row.period, picked(row, names), row.n, row.rank, row.value) for row in rows if row.period is not None
        ]

    def by_case(
        self, query: str, span: Span, filters: Mapping[str, Sequence[str]], scope: str, values: Mapping[str, Any]
    ) -> list[Any]:
        """Return each case with facts of the query in the period, that meets a condition: number of facts, and sum."""
        sql = FACTS_OF_CASES.format(
            sums=f"count(f.{query}) AS facts, sum(f.{query}) AS total", where=_where(filters), scope=scope,
            relation=self.relation(QUERIES[query].facts, sorted(filters), (query,)),
        )  # fmt: skip
        return self.tx.rows_among(sql, **self.values([span]), **_lists(filters), **values)


def _where(filters: Mapping[str, Sequence[str]]) -> str:
    return "".join(f" AND f.{name} = ANY(:only_{name})" for name in sorted(filters))


def _lists(filters: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {f"only_{name}": list(values) for name, values in filters.items()}
