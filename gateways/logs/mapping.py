"""The mapping of a log: what its columns hold, and what its words mean for a case of ours."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gateways.logs.loading import load
from gateways.logs.shape import (
    AT,
    BACKWARDS,
    ROW,
    EventColumns,
    LogSource,
    LogWord,
    Meaning,
    Move,
    Opening,
    Reason,
    Rule,
    Skip,
    States,
    Wide,
    Written,
)
from gateways.logs.values import Value
from gateways.mapping import Word
from models.log_event import LogEvent, Step

BLANK = "(blank)"
"""How an event is told of that has no word."""


class Named(NamedTuple):
    """A move or a state that the mapping names, at which key, and the fields its form is given."""

    sort: Literal["move", "state"]
    name: str
    key: str
    fields: tuple[str, ...] = ()


class Part(NamedTuple):
    """One file of a log: the log itself (no name) or a table beside it, and the columns that are needed of it."""

    file: str | None
    case: str
    columns: frozenset[str]
    wide: tuple[Wide, ...]


class LogMapping(Written):
    """One mapping file. Every word of the log stands in one of ``moves``, ``states`` and ``ignored``."""

    source: LogSource
    event: EventColumns
    opening: Opening = Opening()
    moves: dict[LogWord, Move] = Field(default_factory=dict[str, Meaning])
    states: dict[LogWord, States] = Field(default_factory=dict[str, tuple[str, ...]])
    ignored: dict[LogWord, Reason] = Field(default_factory=dict[str, str])
    skipped: tuple[Skip, ...] = ()
    fill: dict[Word, Value] = Field(default_factory=dict[str, Value])
    wide: tuple[Wide, ...] = ()
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> "LogMapping":
        if not self.moves and not self.states:
            raise PydanticCustomError("no_words", "no word means anything", {"value": "moves, states"})
        words = [*self.moves, *self.states, *self.ignored]
        if twice := next((word for word in words if words.count(word) > 1), None):
            raise PydanticCustomError("word_twice", "a word has two meanings", {"value": twice})
        if bool(self.wide) == (self.event.at is not None) or bool(self.wide) == bool(self.event.word):
            raise PydanticCustomError("wide_or_event", "either columns of events or wide rows", {"value": "event.at"})
        return self

    def told(self, event: LogEvent, column: str) -> str | None:
        """What the log says of an event, or of its case, under a name; None where it says nothing."""
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

    def step(self, event: LogEvent) -> Step:
        """What an event means. Raises ``BadCell`` where a value of a form cannot be read from its column."""
        actor = self.told(event, self.event.who) if self.event.who else None
        department = self.told(event, self.event.department) if self.event.department else None
        if (reason := self._passed(event)) is not None:
            return Step(event, ignored=reason, actor=actor, department=department)
        fill = self._constants | self.values(event, self._read)
        if states := self.states.get(event.word):
            return Step(event, state=states[0], also=states[1:], actor=actor, department=department, fill=fill)
        if meaning := self.moves.get(event.word):
            form = self.values(event, meaning.form)
            return Step(
                event,
                move=meaning.move,
                also=meaning.also,
                form=form,
                actor=actor,
                department=department,
                fill=fill,
            )
        return Step(event, unknown=event.word or BLANK, actor=actor, department=department)

    def _passed(self, event: LogEvent) -> str | None:
        """Why an event is none of ours: its word is ignored, or it only tells of an attribute."""
        if (reason := self.ignored.get(event.word)) is not None:
            return reason
        return next((skip.reason for skip in self.skipped if self.told(event, skip.column) in skip.values), None)

    def values(self, event: LogEvent, wanted: Mapping[str, Value]) -> dict[str, Any]:
        """The values of a form's fields; a field for which the log says nothing is left out. Raises ``BadCell``."""
        read = {
            name: value.read(self.told(event, value.column) if value.column else None, self.source)
            for name, value in wanted.items()
        }
        return {name: value for name, value in read.items() if value is not None}

    @cached_property
    def _constants(self) -> dict[str, Any]:
        """What every form is filled with alike."""
        return {name: value.constant for name, value in self.fill.items() if value.constant is not None}

    @cached_property
    def _read(self) -> dict[str, Value]:
        """What forms are filled with from columns."""
        return {name: value for name, value in self.fill.items() if value.column}

    def order_key(self, event: LogEvent) -> tuple[float, ...]:
        """Events of one case sort by this. What has no time sorts first, what is no number last."""
        return tuple(self._rank(event, name) for name in self.event.order)

    def _rank(self, event: LogEvent, name: str) -> float:
        if name.startswith(BACKWARDS):
            return -self._rank(event, name.removeprefix(BACKWARDS))
        if name == AT:
            return event.at.timestamp() if event.at else float("-inf")
        if name == ROW:
            return event.row
        try:
            return float(self.told(event, name) or "")
        except ValueError:
            return float("inf")

    def named(self) -> Iterator[Named]:
        """The moves and states that the mapping names, for whoever knows the lifecycle to check."""
        for word, meaning in self.moves.items():
            for move in (meaning.move, *meaning.also):
                yield Named("move", move, f"moves.{word}", tuple(meaning.form))
        for word, states in self.states.items():
            for state in states:
                yield Named("state", state, f"states.{word}")

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The log, and the tables beside it in the order in which the mapping names them."""
        files = dict.fromkeys(wide.file for wide in self.wide if wide.file)
        beside = [self._part(file, tuple(wide for wide in self.wide if wide.file == file)) for file in files]
        here = tuple(wide for wide in self.wide if not wide.file)
        elsewhere = frozenset(name for wide in self.wide if wide.file for name in wide.tells)
        needed = (self._needed - elsewhere) | {self.event.case} | {wide.column for wide in here}
        return (Part(None, self.event.case, needed, here), *beside)

    def _part(self, file: str, wide: tuple[Wide, ...]) -> Part:
        case = next((one.case for one in wide if one.case), self.event.case)
        columns = {case, *(one.column for one in wide), *(name for one in wide for name in one.tells)}
        return Part(file, case, frozenset(columns), wide)

    @property
    def _needed(self) -> frozenset[str]:
        """The columns that are named anywhere but for the times of wide rows."""
        event, opening = self.event, cast("dict[str, Value | str | None]", dict(self.opening))
        values = [*self.fill.values(), *(value for meaning in self.moves.values() for value in meaning.form.values())]
        values += [value for value in opening.values() if isinstance(value, Value)]
        single = [event.case, event.at, event.who, event.department, self.opening.at, *event.word]
        single += [name for name in map(_forwards, event.order) if name not in {AT, ROW}]
        single += [*(skip.column for skip in self.skipped), *(rule.column for rule in self.rules)]
        return frozenset(filter(None, [*single, *(value.column for value in values)]))


def _forwards(name: str) -> str:
    return name.removeprefix(BACKWARDS)


def load_mapping(path: Path) -> LogMapping:
    """Read the mapping file at ``path`` (TOML, UTF-8). Raises ``BadMapping`` with every mistake and its place."""
    return load(path, LogMapping)
