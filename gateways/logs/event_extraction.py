"""From a record of a log to its events: texts without what stands for nothing, the case, the word, the time."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from gateways.cells import Cell, instant_in, text_in
from gateways.logs.contradictions import Contradictions
from gateways.logs.mapping import LogMapping, Part
from gateways.logs.records import NOTHING, Record
from gateways.logs.shape import CASE
from gateways.problems import BadCell, Problem, excerpt
from models.log_event import LogEvent

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CASE_LIMIT = 500
"""The longest id of a case, in characters."""

Texts = Mapping[str, str]


class Taking:
    """One pass over a log: how many events it has told so far, and the last of them."""

    def __init__(self, mapping: LogMapping) -> None:
        self._mapping = mapping
        self._columns = mapping.event
        self._missing = frozenset({"", *mapping.source.missing})
        self._apart = frozenset(filter(None, [mapping.event.at, *mapping.event.word]))
        beside = any(part.file for part in mapping.parts)
        self._contradictions = Contradictions(mapping.rules, beside=beside)
        self._instant = lru_cache(maxsize=4096)(self._read_instant)
        self._last: LogEvent | None = None
        self.count = 0

    def close(self) -> None:
        """The pass is over."""
        self._contradictions.close()

    def events(self, record: Record | Problem, part: Part) -> Iterator[LogEvent | Problem]:
        """The events of one record: one, or in a log of wide rows as many as there are times."""
        if isinstance(record, Problem):
            self.count += 1
            yield record
            return
        try:
            texts, of_case = self._texts(record, part)
            case = self._case(texts, of_case, part)
        except BadCell as fault:
            self.count += 1
            yield Problem(record.place, part.case, fault.code, fault.params)
            return
        values = {name: text for name, text in texts.items() if name not in self._apart and name != part.case}
        found: list[LogEvent | Problem] = []
        for word, column in self._times(texts, of_case, part):
            self.count += 1
            found.append(self._event(record.place, case, word, column, (texts, values, of_case)))
        yield from self._flagged(found, values, part) if part.wide else found

    def _flagged(self, found: list[LogEvent | Problem], told: Texts, part: Part) -> Iterator[LogEvent | Problem]:
        """A wide row's events, each with the rules that its time contradicts."""
        row = [event for event in found if isinstance(event, LogEvent)]
        flags = self._contradictions.flags(row, told, part)
        for event in found:
            if isinstance(event, LogEvent) and event.word in flags:
                yield replace(event, flags=tuple(flags[event.word]))
            else:
                yield event

    def _texts(self, record: Record, part: Part) -> tuple[Texts, Texts]:
        """What the record says, and what its case says, under the names that the mapping needs."""
        cells, of_case = record.cells, record.of_case
        told = {name: text for name in part.columns if (text := self._text(cells.get(name)))}
        if not of_case:
            return told, NOTHING
        names = (name.removeprefix(CASE) for name in part.columns)
        return told, {name: text for name in names if (text := self._text(of_case.get(name)))}

    def _text(self, cell: Cell) -> str | None:
        text = cell.strip() if isinstance(cell, str) else text_in(cell)
        return None if text is None or text in self._missing else text

    def _case(self, texts: Texts, of_case: Texts, part: Part) -> str:
        case = texts.get(part.case) or of_case.get(part.case.removeprefix(CASE))
        if not case:
            raise BadCell("bad_log.no_case")
        if len(case) > CASE_LIMIT:
            raise BadCell("bad_file.line_too_long", limit=CASE_LIMIT)
        return case

    def _times(self, texts: Texts, of_case: Texts, part: Part) -> Iterator[tuple[str, str]]:
        """Each event's word, and the column of its time."""
        if not part.wide:
            word = " | ".join(filter(None, (_told(texts, of_case, name) for name in self._columns.word)))
            yield " ".join(word.split()), self._columns.at or ""
        for wide in part.wide:
            if wide.column in texts:
                yield wide.word, wide.column

    def _event(
        self, place: int, case: str, word: str, column: str, told: tuple[Texts, Texts, Texts]
    ) -> LogEvent | Problem:
        texts, values, of_case = told
        try:
            at = self._instant(_told(texts, of_case, column))
        except BadCell as fault:
            return Problem(place, column, fault.code, fault.params)
        if at is None and self._columns.untimed == "neighbour" and self._last and self._last.case == case:
            at = self._last.at
        self._last = LogEvent(self.count, case, word, at, values, of_case)
        return self._last

    def _read_instant(self, text: str | None) -> datetime | None:
        source = self._mapping.source
        if text is None or source.epoch is None:
            return instant_in(text, source)
        try:
            number = float(text)
            return EPOCH + timedelta(seconds=number if source.epoch == "seconds" else number / 1000)
        except (ValueError, OverflowError) as error:
            raise BadCell("bad_file.impossible_date", value=excerpt(text)) from error


def _told(texts: Texts, of_case: Texts, column: str) -> str | None:
    if column in texts:
        return texts[column]
    return of_case.get(column.removeprefix(CASE)) if column.startswith(CASE) else None
