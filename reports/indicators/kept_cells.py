"""Cells from what a night kept, brought to another instant by the cases that moved in between (E2, ADR 83).

What a case counts changes only when something is recorded of it. So the cells as of one instant are those as of another
plus what the cases that moved since the earlier of the two count as of the one, less what they count as of the other.
This holds for later instants and for earlier ones, so the newest cells are enough for both. Nothing is written here.
"""

from collections.abc import Iterable, Sequence

from engine.kept_counts import KeptCount
from engine.rules.indicator_queries import Facts
from reports.indicators.kept_questions import Question
from reports.indicators.kept_search import MOST_KEPT, few_moved, kept_near, period_of_month
from reports.indicators.record_cells import Cell, RecordReader, Span

_Sums = dict[tuple[int, tuple[str, ...]], list[int]]
"""The number of facts and the sums of the queries, by period and values of the attributes."""


def kept_cells(
    reader: RecordReader, facts: Facts, spans: Sequence[Span], names: Sequence[str], queries: Sequence[str]
) -> list[Cell] | None:
    """Return the cells of these periods from what is kept; None where the record must be read instead."""
    kept = kept_near(reader, facts, spans, names, queries)
    return None if kept is None else _read(reader, kept, facts, spans, names, queries)


def counted_anew(reader: RecordReader, question: Question) -> KeptCount | None:
    """Return the cells of a question as the record has them; None where there are too many to be kept."""
    spans = question.months(reader.as_of)
    cells = reader.counted(question.facts, spans, question.names, question.queries, MOST_KEPT + 1)
    sums: _Sums = {}
    _add(sums, cells, question.names, question.queries)
    return _kept(reader, question, spans, sums)


def carried_forward(reader: RecordReader, question: Question, kept: KeptCount) -> KeptCount | None:
    """Return the kept cells as of the later instant of the reader, or counted anew where too many cases moved."""
    if not few_moved(reader.tx, kept.as_of) or kept.since > question.months(reader.as_of)[0][0]:
        return counted_anew(reader, question)
    spans = question.months(reader.as_of)
    sums = _sums_of(kept, spans, question.names, question.queries)
    _add_difference(sums, reader, kept, question.facts, spans, question.names, question.queries)
    return _kept(reader, question, spans, sums)


def _read(
    reader: RecordReader, kept: KeptCount, facts: Facts, spans: Sequence[Span], names: Sequence[str],
    queries: Sequence[str],
) -> list[Cell]:  # fmt: skip
    sums = _sums_of(kept, spans, names, queries)
    _add_difference(sums, reader, kept, facts, spans, names, queries)
    return [
        Cell(period, facts_there, dict(zip(names, values, strict=True)), dict(zip(queries, totals, strict=True)))
        for (period, values), (facts_there, *totals) in sums.items()
        if facts_there
    ]


def _sums_of(kept: KeptCount, spans: Sequence[Span], names: Sequence[str], queries: Sequence[str]) -> _Sums:
    """Return the kept cells of these periods, those together that these attributes do not tell apart."""
    of_names, of_queries = ([all_of.index(each) for each in some] for all_of, some in
                            ((kept.names, names), (kept.queries, queries)))  # fmt: skip
    periods = {month: period_of_month(month, spans) for month in {cell[0] for cell in kept.cells}}
    sums: _Sums = {}
    for month, values, facts, totals in kept.cells:
        period = periods[month]
        if period is not None:
            there = sums.setdefault((period, tuple(values[at] for at in of_names)), [0] * (1 + len(queries)))
            there[0] += facts
            for number, at in enumerate(of_queries, 1):
                there[number] += int(totals[at])
    return sums


def _add_difference(
    sums: _Sums, reader: RecordReader, kept: KeptCount, facts: Facts, spans: Sequence[Span], names: Sequence[str],
    queries: Sequence[str],
) -> None:  # fmt: skip
    """Add what the cases that moved between the two instants count as of the reader's, and not as of the kept one."""
    if reader.as_of == kept.as_of:
        return
    since = min(reader.as_of, kept.as_of)
    for as_of, sign in ((reader.as_of, 1), (kept.as_of, -1)):
        moved = RecordReader.at(reader.tx, reader.rules, as_of, since)
        _add(sums, moved.counted(facts, spans, names, queries), names, queries, sign)


def _add(sums: _Sums, cells: Iterable[Cell], names: Sequence[str], queries: Sequence[str], sign: int = 1) -> None:
    for cell in cells:
        there = sums.setdefault((cell.period, tuple(cell.attributes[name] for name in names)), [0] * (1 + len(queries)))
        for number, value in enumerate((cell.facts, *(cell.sums[query] for query in queries))):
            there[number] += sign * value


def _kept(reader: RecordReader, question: Question, spans: Sequence[Span], sums: _Sums) -> KeptCount | None:
    cells = [
        (spans[period][0], values, *_split(totals)) for (period, values), totals in sorted(sums.items()) if totals[0]
    ]
    if len(cells) > MOST_KEPT:
        return None
    key = question.key(reader.rules, postgres=reader.tx.postgres)
    return KeptCount(
        key, question.facts, question.zone, question.names, question.queries, spans[0][0], reader.as_of, cells
    )


def _split(totals: Sequence[int]) -> tuple[int, Sequence[int]]:
    return totals[0], totals[1:]
