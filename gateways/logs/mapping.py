"""The mapping of a log: interpret its events as moves or states, and the first one of a case as a contact."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, NamedTuple, cast

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from gateways.cells import instant_in
from gateways.contact_mapping import MappingTable, Word
from gateways.logs.form_values import Value
from gateways.logs.mapping_schema import (
    AT,
    BACKWARDS,
    ROW,
    EventColumns,
    LogSource,
    LogWord,
    Meaning,
    Move,
    OpeningColumns,
    Reason,
    Rule,
    Skip,
    Sla,
    States,
    Wide,
)
from gateways.problems import BadCell, excerpt
from models.contact import Contact
from models.exact_number import NoNumber, exact_number, whole_number
from models.identifiers import is_spoiled
from models.log_event import LogEvent, MappedEvent
from models.placeholders import is_placeholder

BLANK = "(blank)"
"""How an event without a word is named in counts and messages."""
NO_TEXT = "(no text in the log)"
"""The text of a case whose log has none."""


class Named(NamedTuple):
    """A move or a state that the mapping names, its key in the file, and the form fields it sets."""

    sort: Literal["move", "state"]
    name: str
    key: str
    fields: tuple[str, ...] = ()


class Part(NamedTuple):
    """One file of a log: the log itself (``file`` is None) or a table beside it, and the columns read from it."""

    file: str | None
    case: str
    columns: frozenset[str]
    wide: tuple[Wide, ...]


class LogMapping(MappingTable):
    """A mapping file. Every word of the log stands in one of ``moves``, ``states`` and ``ignored``."""

    source: LogSource
    event: EventColumns
    opening: OpeningColumns = OpeningColumns()
    moves: dict[LogWord, Move] = Field(default_factory=dict[str, Meaning])
    states: dict[LogWord, States] = Field(default_factory=dict[str, tuple[str, ...]])
    ignored: dict[LogWord, Reason] = Field(default_factory=dict[str, str])
    skipped: tuple[Skip, ...] = ()
    fill: dict[Word, Value] = Field(default_factory=dict[str, Value])
    wide: tuple[Wide, ...] = ()
    rules: tuple[Rule, ...] = ()
    sla: Sla | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "LogMapping":
        if not self.moves and not self.states:
            raise PydanticCustomError("no_words", "no word means anything", {"value": "moves, states"})
        words = [*self.moves, *self.states, *self.ignored]
        if twice := next((word for word in words if words.count(word) > 1), None):
            raise PydanticCustomError("word_twice", "a word has two meanings", {"value": twice})
        columns = self.event
        if not (self.wide or columns.at is not None) or (
            not columns.word and (columns.at is not None or not self.wide)
        ):
            raise PydanticCustomError("wide_or_event", "either columns of events or wide rows", {"value": "event.at"})
        return self

    def in_encoding(self, encoding: str) -> "LogMapping":
        """Return the same mapping for a log in that encoding."""
        return self.model_copy(update={"source": self.source.model_copy(update={"encoding": encoding})})

    def value(self, event: LogEvent, column: str) -> str | None:
        """Return the event's value in a column, or its case's; None if there is none."""
        columns = self.event
        if column in event.values:
            return event.values[column]
        if column == columns.case:
            return event.case
        if column == columns.at:
            return event.at.isoformat() if event.at else None
        if columns.word == (column,):
            return event.word
        return event.of_case.get(column.removeprefix("case:"))

    def step(self, event: LogEvent) -> MappedEvent:
        """Return the step that an event means. Raises ``BadCell`` if a value of its form cannot be converted."""
        inferred = self.event.inferred and (self.value(event, self.event.inferred) or "").casefold() == "true"
        sla = self.sla.read(self.value(event, self.sla.column)) if self.sla else ""
        seq, step = self._seq(event), self._step(event)
        return replace(step, inferred=bool(inferred), sla=sla, seq=seq) if inferred or sla or seq else step

    def _seq(self, event: LogEvent) -> int:
        """Return the event's number within its case; 0 where the log has none. Raises ``BadCell``."""
        text = self.value(event, self.event.seq) if self.event.seq else None
        if text is None:
            return 0
        try:
            return whole_number(text, self.source.decimal)
        except NoNumber as error:
            raise BadCell("bad_log.no_number", value=excerpt(text)) from error

    def _step(self, event: LogEvent) -> MappedEvent:
        actor = self.value(event, self.event.who) if self.event.who else None
        department = self.value(event, self.event.department) if self.event.department else None
        if (reason := self._ignored_for(event)) is not None:
            return MappedEvent(event, ignored=reason, actor=actor, department=department)
        fill = self._constants | self.values(event, self._from_columns)
        if states := self.states.get(event.word):
            return MappedEvent(event, state=states[0], also=states[1:], actor=actor, department=department, fill=fill)
        if meaning := self.moves.get(event.word):
            form = self.values(event, meaning.form)
            return MappedEvent(
                event,
                move=meaning.move,
                also=meaning.also,
                form=form,
                actor=actor,
                department=department,
                fill=fill,
            )
        return MappedEvent(event, unknown=event.word or BLANK, actor=actor, department=department)

    def _ignored_for(self, event: LogEvent) -> str | None:
        """Return the reason to ignore an event, by its word or by a ``skipped`` table; None if there is none."""
        if (reason := self.ignored.get(event.word)) is not None:
            return reason
        return next((skip.reason for skip in self.skipped if self.value(event, skip.column) in skip.values), None)

    def values(self, event: LogEvent, fields: Mapping[str, Value]) -> dict[str, Any]:
        """Return the values of the fields that have one. Raises ``BadCell`` if one cannot be converted."""
        read = {
            name: value.read(self.value(event, value.column) if value.column else None, self.source)
            for name, value in fields.items()
        }
        return {name: value for name, value in read.items() if value is not None}

    @cached_property
    def _constants(self) -> dict[str, Any]:
        """Return the constants with which every form is filled."""
        return {name: value.constant for name, value in self.fill.items() if value.constant is not None}

    @cached_property
    def _from_columns(self) -> dict[str, Value]:
        """Return the values with which forms are filled from columns."""
        return {name: value for name, value in self.fill.items() if value.column}

    def order_key(self, event: LogEvent) -> tuple[float, ...]:
        """Return the sort key of an event within its case. No time sorts last, and so does a text that is no number."""
        return tuple(self._rank(event, name) for name in self.event.order)

    def _rank(self, event: LogEvent, name: str) -> float:
        if name.startswith(BACKWARDS):
            return -self._rank(event, name.removeprefix(BACKWARDS))
        if name == AT:
            return event.at.timestamp() if event.at else float("inf")
        if name == ROW:
            return event.row
        try:
            return float(exact_number(self.value(event, name) or "", self.source.decimal))
        except ValueError:
            return float("inf")

    @property
    def newest_first(self) -> bool:
        """Return whether the file begins with the newest event of a case."""
        return BACKWARDS + ROW in self.event.order

    def named(self) -> Iterator[Named]:
        """Yield the moves and states that the mapping names, to be checked against the lifecycle."""
        for word, meaning in self.moves.items():
            yield Named("move", meaning.move, f"moves.{word}", tuple(meaning.form))
            for move in meaning.also:  # it takes the values that its form has a field for
                yield Named("move", move, f"moves.{word}")
        for word, states in self.states.items():
            for state in states:
                yield Named("state", state, f"states.{word}")

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Return the log, then the tables beside it in the order of the mapping."""
        files = dict.fromkeys(wide.file for wide in self.wide if wide.file)
        beside = [self._part(file, tuple(wide for wide in self.wide if wide.file == file)) for file in files]
        here = tuple(wide for wide in self.wide if not wide.file)
        elsewhere = frozenset(name for wide in self.wide if wide.file for name in wide.tells)
        needed = (self._needed - elsewhere) | {self.event.case} | {wide.column for wide in here}
        return (Part(None, self.event.case, needed, here), *beside)

    def _part(self, file: str, wide: tuple[Wide, ...]) -> Part:
        case = next((each.case for each in wide if each.case), self.event.case)
        columns = {case, *(each.column for each in wide), *(name for each in wide for name in each.tells)}
        return Part(file, case, frozenset(columns), wide)

    @property
    def _needed(self) -> frozenset[str]:
        """Return the columns that the mapping names, except the times of wide rows."""
        event, opening = self.event, cast("dict[str, Value | str | None]", dict(self.opening))
        values = [*self.fill.values(), *(value for meaning in self.moves.values() for value in meaning.form.values())]
        values += [value for value in opening.values() if isinstance(value, Value)]
        single = [event.case, event.at, event.who, event.department, *self.opening.at, *event.word]
        single += [name for name in map(_forwards, event.order) if name not in {AT, ROW}]
        single += [event.inferred, event.seq, self.sla.column if self.sla else None]
        single += [*(skip.column for skip in self.skipped), *(rule.column for rule in self.rules)]
        return frozenset(filter(None, [*single, *(value.column for value in values)]))


def _forwards(name: str) -> str:
    return name.removeprefix(BACKWARDS)


def opened_at(mapping: LogMapping, first: LogEvent) -> datetime | None:
    """Return when the case was opened: by the first column of ``opening.at`` that has a time, else by its first event.

    Raises ``BadCell``.
    """
    texts = filter(None, (mapping.value(first, column) for column in mapping.opening.at))
    return instant_in(next(texts, None), mapping.source) or first.at


def contact_of(mapping: LogMapping, first: LogEvent, at: datetime, without: Iterable[str] = ("at",)) -> Contact:
    """Return the contact of the case that begins with this event, received at ``at``; its ``row_id`` is the case's id.

    The fields ``without`` are left out. Raises ``BadCell`` that names the ``field`` if a value does not fit it.
    """
    without = {"customer_id", *without}
    columns = {name: value for name, value in mapping.opening if name not in without and value is not None}
    values: dict[str, Any] = {"text": NO_TEXT, "channel": mapping.source.channel}
    for name, value in columns.items():
        try:
            values |= mapping.values(first, {name: value})
        except BadCell as error:
            raise BadCell(error.code, **{"field": name, **error.params}) from error
    try:
        return Contact.model_validate({**values, "row_id": first.case, "at": at})
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        raise BadCell("bad_log.unfit_value", field=field) from error


def customer_id_of(mapping: LogMapping, first: LogEvent) -> str | None:
    """Return what identifies the customer of the case in the source; None where the log does not say, as by ``-``."""
    value = mapping.opening.customer_id
    text = None if value is None else mapping.values(first, {"customer_id": value}).get("customer_id")
    return None if text is None or _names_nobody(str(text)) else str(text)


def _names_nobody(text: str) -> bool:
    """Return whether an id is a placeholder or was spoiled by a spreadsheet; 7 and 123 are good ids."""
    counts = any(character.isdecimal() and character != "0" for character in text)
    return is_spoiled(text) or (is_placeholder(text) and not counts)
