"""Durations from what a night kept, brought to another instant by the cases that moved in between (E2, ADR 83).

Of a median nothing can be added up, so all durations of a month and of values of the attributes are kept, packed. The
difference is that of the cells (``kept_cells``): the durations of the cases that moved are taken out as they were, and
put in as they are. A row of the end of a month holds the durations of that month alone, and not those of three years.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from engine.kept_counts import KeptCell, KeptCount
from engine.rules.indicator_queries import QUERIES
from reports.indicators.kept_questions import Question
from reports.indicators.kept_search import MOST_KEPT, few_moved, kept_near, period_of_month
from reports.indicators.packed_values import pack, unpack
from reports.indicators.ranks import Rank, ranks_of
from reports.indicators.record_cells import Durations, Group, RecordReader, Span

MOST_DURATIONS = 4_000_000
"""The most durations that are kept of a question: less than 30 megabytes. Where there are more, the record is read."""

_T = TypeVar("_T")
_Packed = dict[Group, list[str]]
"""The packed durations, in one text for each kept cell."""


def durations_anew(reader: RecordReader, question: Question) -> KeptCount | None:
    """Return the durations of a question as the record has them; None where there are too many to be kept."""
    spans, [query] = question.months(reader.as_of), question.queries
    found = reader.durations(query, spans, question.names, MOST_DURATIONS + 1)
    cells = [_cell(spans, group, there) for group, there in sorted(found.items())]
    return _kept(reader, question, spans[0][0], cells)


def durations_carried(reader: RecordReader, question: Question, kept: KeptCount) -> KeptCount | None:
    """Return the kept durations as of the later instant of the reader; counted anew where the kept ones do not do."""
    spans, [query] = question.months(reader.as_of), question.queries
    if kept.since > spans[0][0] or not few_moved(reader.tx, kept.as_of):
        return durations_anew(reader, question)
    packed = _packed(kept, spans, question.names)
    added, removed = _difference(reader, kept, query, spans, question.names)
    cells = {(cell[0], tuple(cell[1])): cell for cell in kept.cells if period_of_month(cell[0], spans) is not None}
    try:
        for group in {*added, *removed}:
            there = _changed(packed.get(group, ()), added.get(group, ()), removed.get(group, ()))
            cells[spans[group[0]][0], group[1]] = _cell(spans, group, there)
    except ValueError:
        return durations_anew(reader, question)
    sorted_cells = [cell for _, cell in sorted(cells.items()) if cell[2]]
    return _kept(reader, question, spans[0][0], sorted_cells)


def kept_ranks(
    reader: RecordReader, query: str, spans: Sequence[Span], by: Sequence[str], filters: Mapping[str, Collection[str]]
) -> list[Rank] | None:
    """Return the durations in the middle and at nine tenths from what is kept; None where the record must be read."""
    names = sorted({*by, *filters})
    kept = kept_near(reader, QUERIES[query].facts, spans, names, [query])
    if kept is None:
        return None
    packed = _grouped(_packed(kept, spans, names), names, by, filters)
    difference = _difference(reader, kept, query, spans, names)
    added, removed = (_grouped(each, names, by, filters) for each in difference)
    ranks: list[Rank] = []
    try:
        for key in sorted({*packed, *added, *removed}):
            there = _changed(packed.get(key, ()), added.get(key, ()), removed.get(key, ()))
            ranks += ranks_of(key[0], dict(zip(by, key[1], strict=True)), there)
    except ValueError:
        return None
    return ranks


def same_durations(one: KeptCount, other: KeptCount) -> bool:
    """Return whether two counts hold the same durations, however they are packed."""
    try:
        mine, theirs = (
            [(month, tuple(values), number, _unpacked(texts)) for month, values, number, texts in count.cells]
            for count in (one, other)
        )
    except ValueError:
        return False
    return mine == theirs


def _cell(spans: Sequence[Span], group: Group, durations: Sequence[int]) -> KeptCell:
    return spans[group[0]][0], group[1], len(durations), [pack(durations)]


def _packed(kept: KeptCount, spans: Sequence[Span], names: Sequence[str]) -> _Packed:
    """Return the kept durations of these periods by these attributes."""
    places = [kept.names.index(name) for name in names]
    periods = {month: period_of_month(month, spans) for month in {cell[0] for cell in kept.cells}}
    packed: _Packed = {}
    for month, values, _, texts in kept.cells:
        period = periods[month]
        if period is not None:
            packed.setdefault((period, tuple(values[place] for place in places)), []).extend(map(str, texts))
    return packed


def _difference(
    reader: RecordReader, kept: KeptCount, query: str, spans: Sequence[Span], names: Sequence[str]
) -> tuple[Durations, Durations]:
    """Return the durations of the cases that moved between the two instants: as of the reader's, and the kept one."""
    if reader.as_of == kept.as_of:
        return {}, {}
    since = min(reader.as_of, kept.as_of)
    added, removed = (
        RecordReader.at(reader.tx, reader.rules, as_of, since).durations(query, spans, names, MOST_DURATIONS + 1)
        for as_of in (reader.as_of, kept.as_of)
    )
    return added, removed


def _grouped(
    found: Mapping[Group, list[_T]], names: Sequence[str], by: Sequence[str], filters: Mapping[str, Collection[str]]
) -> dict[Group, list[_T]]:
    """Return what the filters leave, together by fewer of the attributes."""
    grouped: dict[Group, list[_T]] = {}
    for (period, values), there in found.items():
        attributes = dict(zip(names, values, strict=True))
        if all(attributes[name] in wanted for name, wanted in filters.items()):
            grouped.setdefault((period, tuple(attributes[name] for name in by)), []).extend(there)
    return grouped


def _changed(texts: Sequence[str], added: Sequence[int], removed: Sequence[int]) -> list[int]:
    """Return packed durations without the removed and with the added ones, the least first.

    Raises ``ValueError`` for a text that cannot be read, and where a removed duration is not among them.
    """
    missing, there = Counter(removed), _unpacked(texts)
    if missing:
        kept: list[int] = []
        for value in there:
            if missing.get(value):
                missing[value] -= 1
            else:
                kept.append(value)
        if any(missing.values()):
            raise ValueError("a duration of a case that moved is not kept")
        there = kept
    return sorted([*there, *added])


def _unpacked(texts: Iterable[object]) -> list[int]:
    return [value for text in texts for value in unpack(str(text))]


def _kept(reader: RecordReader, question: Question, since: int, cells: Sequence[KeptCell]) -> KeptCount | None:
    if sum(number for _, _, number, _ in cells) > MOST_DURATIONS or len(cells) > MOST_KEPT:
        return None
    key = question.key(reader.rules, postgres=reader.tx.postgres)
    return KeptCount(key, question.facts, question.zone, question.names, question.queries, since, reader.as_of, cells)
