"""Read a log as a stream of events: the case, word, time and values that its mapping takes from each record."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from gateways.cells import Cell, fault_in, instant_in, text_in
from gateways.logs.contradictions import Contradictions
from gateways.logs.log_files import NO_ATTRIBUTES, Record, refused
from gateways.logs.mapping import LogMapping, Part
from gateways.logs.mapping_schema import CASE
from gateways.logs.records import records_of
from gateways.problems import AddNote, BadCell, Problem, excerpt, ignore
from models.exact_number import exact_number
from models.log_event import LogEvent
from models.visible_text import trimmed

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CASE_LIMIT = 500
"""The longest id of a case, in characters."""

Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class UnreadableEvent(Problem):
    """An event of a known case that cannot be used; ``event`` is what could be read of it."""

    event: LogEvent = field(kw_only=True)


def events(path: Path, mapping: LogMapping, note: AddNote = ignore) -> Iterator[LogEvent | Problem]:
    """Yield the events of a log in file order, one at a time, with the values of the columns that the mapping needs.

    A ``Problem`` stands for an event that cannot be used, an ``UnreadableEvent`` for one whose case is known (an
    impossible time); its row is where people find it in the file. Raises ``Unreadable`` where the file cannot be read
    on, perhaps after good events: to import all or nothing, read to the end first. The events of a case may be
    scattered; ``mapping.order_key`` sorts them. Memory does not grow with the log. ``note`` takes the remarks on the
    file and its rows.
    """
    with closing(_EventExtraction(mapping)) as extraction:
        for part in mapping.parts:
            file = path.with_name(part.file) if part.file else path
            filled = part.columns & {part.case, mapping.event.at, *mapping.event.word}
            for record in records_of(file, mapping.source, part.columns, mapping.event.case, note, filled):
                yield from extraction.events(record, part)
    if not extraction.count:
        raise refused("bad_log.empty", path)


class _EventExtraction:
    """One pass over a log: the number of its events so far, and the last event."""

    def __init__(self, mapping: LogMapping) -> None:
        self._mapping = mapping
        self._columns = mapping.event
        self._missing = frozenset({"", *mapping.source.missing})
        self._not_values = frozenset(filter(None, [mapping.event.at, *mapping.event.word]))
        beside = any(part.file for part in mapping.parts)
        self._contradictions = Contradictions(mapping.rules, beside=beside)
        self._instant = lru_cache(maxsize=4096)(self._read_instant)
        self._last: LogEvent | None = None
        self.count = 0

    def close(self) -> None:
        """End the pass."""
        self._contradictions.close()

    def events(self, record: Record | Problem, part: Part) -> Iterator[LogEvent | Problem]:
        """Yield the events of one record: one, or in a log of wide rows one for each time."""
        if isinstance(record, Problem):
            self.count += 1
            yield record
            return
        try:
            texts, of_case = self._texts(record, part)
            case = self._case(texts, of_case, part)
        except BadCell as fault:
            self.count += 1
            yield self._unreadable(record, part, fault)
            return
        values = {name: text for name, text in texts.items() if name not in self._not_values and name != part.case}
        events: list[LogEvent | Problem] = []
        for word, column in self._times(texts, of_case, part):
            self.count += 1
            events.append(self._event(record.place, case, word, column, (texts, values, of_case)))
        if part.wide and part.file is None and self._columns.word:
            events += self._status(record.place, case, events, (texts, values, of_case))
        yield from self._flagged(events, values, part) if part.wide else events

    def _unreadable(self, record: Record, part: Part, fault: BadCell) -> Problem:
        """Return the problem of a record of which a cell cannot be read; its case may be known all the same."""
        cells = record.cells.get(part.case), record.of_case.get(part.case.removeprefix(CASE))
        try:
            case = None if any(map(fault_in, cells)) else self._text(cells[0]) or self._text(cells[1])
        except BadCell:
            case = None
        if case is None or len(case) > CASE_LIMIT:
            return Problem(record.place, part.case, fault.code, fault.params)
        event = LogEvent(self.count, case, "", None, place=record.place)
        return UnreadableEvent(record.place, None, fault.code, fault.params, event=event)

    def _flagged(self, events: list[LogEvent | Problem], values: Texts, part: Part) -> Iterator[LogEvent | Problem]:
        """Yield a wide row's events, each with the rules that its time breaks."""
        row = [event for event in events if isinstance(event, LogEvent)]
        flags = self._contradictions.flags(row, values, part)
        for event in events:
            if isinstance(event, LogEvent) and event.word in flags:
                yield replace(event, flags=tuple(flags[event.word]))
            else:
                yield event

    def _texts(self, record: Record, part: Part) -> tuple[Texts, Texts]:
        """Return the texts of the record and of its case, by the names that the mapping needs.

        Raises ``BadCell`` for a text that nothing can hold: then the other records go on.
        """
        cells, of_case = record.cells, record.of_case
        for name in part.columns:
            if (fault := fault_in(cells.get(name)) or fault_in(of_case.get(name.removeprefix(CASE)))) is not None:
                raise fault
        texts = {name: text for name in part.columns if (text := self._text(cells.get(name)))}
        if not of_case:
            return texts, NO_ATTRIBUTES
        names = (name.removeprefix(CASE) for name in part.columns)
        return texts, {name: text for name in names if (text := self._text(of_case.get(name)))}

    def _text(self, cell: Cell) -> str | None:
        text = (trimmed(cell) or None) if isinstance(cell, str) else text_in(cell)
        return None if text is None or text in self._missing else text

    def _case(self, texts: Texts, of_case: Texts, part: Part) -> str:
        case = texts.get(part.case) or of_case.get(part.case.removeprefix(CASE))
        if not case:
            raise BadCell("bad_log.no_case")
        if len(case) > CASE_LIMIT:
            raise BadCell("bad_file.line_too_long", limit=CASE_LIMIT)
        return case

    def _status(
        self, place: int, case: str, events: Sequence[LogEvent | Problem], of_record: tuple[Texts, Texts, Texts]
    ) -> Iterator[LogEvent | Problem]:
        """Yield the event of a wide row's column of states: see ``EventColumns`` on the time that it gets."""
        texts, values, of_case = of_record
        if not (word := self._word(texts, of_case)):
            return
        self.count += 1
        column = self._columns.at
        if column is not None and _value(texts, of_case, column) is not None:
            yield self._event(place, case, word, column, of_record)
            return
        times = [event.at for event in events if isinstance(event, LogEvent) and event.at is not None]
        at = max(times) if times else self._opened_at(texts, of_case)
        yield LogEvent(self.count, case, word, at, values, of_case, place=place)

    def _opened_at(self, texts: Texts, of_case: Texts) -> datetime | None:
        named = filter(None, (_value(texts, of_case, column) for column in self._mapping.opening.at))
        try:
            return self._instant(next(named, None))
        except BadCell:
            return None

    def _word(self, texts: Texts, of_case: Texts) -> str:
        word = " | ".join(filter(None, (_value(texts, of_case, name) for name in self._columns.word)))
        return " ".join(word.split())

    def _times(self, texts: Texts, of_case: Texts, part: Part) -> Iterator[tuple[str, str]]:
        """Yield each event's word and the column of its time."""
        if not part.wide:
            yield self._word(texts, of_case), self._columns.at or ""
        for wide in part.wide:
            if wide.column in texts:
                yield wide.word, wide.column

    def _event(
        self, place: int, case: str, word: str, column: str, of_record: tuple[Texts, Texts, Texts]
    ) -> LogEvent | Problem:
        texts, values, of_case = of_record
        try:
            at = self._instant(_value(texts, of_case, column))
        except BadCell as fault:
            event = LogEvent(self.count, case, word, None, values, of_case, place=place)
            return UnreadableEvent(place, column, fault.code, fault.params, event=event)
        if at is None and self._columns.untimed == "neighbour" and self._last and self._last.case == case:
            at = self._last.at
        self._last = LogEvent(self.count, case, word, at, values, of_case, place=place)
        return self._last

    def _read_instant(self, text: str | None) -> datetime | None:
        source = self._mapping.source
        if text is None or source.epoch is None:
            return instant_in(text, source)
        try:
            number = exact_number(text, source.decimal)
            micros = number * (1_000_000 if source.epoch == "seconds" else 1000)
            return EPOCH + timedelta(microseconds=int(micros))
        except (ValueError, OverflowError) as error:
            raise BadCell("bad_file.impossible_date", value=excerpt(text)) from error


def _value(texts: Texts, of_case: Texts, column: str) -> str | None:
    if column in texts:
        return texts[column]
    return of_case.get(column.removeprefix(CASE)) if column.startswith(CASE) else None
