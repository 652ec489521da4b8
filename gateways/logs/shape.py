"""The parts of a log's mapping file: the source, the columns, the opening, and what a word may mean."""

from collections.abc import Mapping
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from gateways.logs.values import Value
from gateways.mapping import Column, Name, Source, Word

AT, ROW = "at", "row"
"""In ``order``: the event's time, and its place in the file."""

BACKWARDS = "-"
"""Before a name in ``order``: the greatest first, as in a file that begins with the newest event."""
CASE = "case:"
"""Before the name of an attribute that the log gives to a case and not to its events."""

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


def _listed(given: object) -> object:
    if isinstance(given, str):
        return (given,)
    return given


Columns = Annotated[tuple[Column, ...], BeforeValidator(_listed)]


def _plain(word: str) -> str:
    return " ".join(word.split())


LogWord = Annotated[str, AfterValidator(_plain)]


class Written(BaseModel):
    """A table of the file: nothing unknown is taken."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LogSource(Source):
    """Where the log comes from, and how its cells are read.

    ``missing`` are the words that stand for nothing; ``epoch`` says that times are numbers counted from 1970.
    """

    missing: tuple[str, ...] = ()
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    epoch: Literal["seconds", "milliseconds"] | None = None


class EventColumns(Written):
    """What tells of each event: its case, its word, its time, its place among the others, who and where.

    A case's own attribute in XES and OCEL is called ``case:NAME``; OCEL's own names are ``ocel:activity``,
    ``ocel:timestamp`` and ``ocel:type:TYPE`` for the object of a type. Several ``word`` columns are joined by `` | ``.
    ``at`` is absent only where each row is a whole case (``wide``). ``order`` names ``at``, ``row`` or columns that
    hold numbers, with a ``-`` where the greatest comes first. ``untimed``: an event without a time is refused, or takes
    the time of the one before it in the file, where that is of the same case.
    """

    case: Column
    word: Columns = ()
    at: Column | None = None
    order: tuple[Column, ...] = (AT, ROW)
    untimed: Literal["refuse", "neighbour"] = "refuse"
    who: Column | None = None
    department: Column | None = None


class Opening(Written):
    """What the first contact of a case says (A1): each a constant or a column of the case's first event."""

    at: Column | None = None
    text: Value | None = None
    subject: Value | None = None
    demand: Value | None = None
    customer: Value | None = None
    phone: Value | None = None
    email: Value | None = None
    shipment: Value | None = None
    customer_type: Value | None = None
    requested_at: Value | None = None
    channel: Value | None = None


def _as_move(given: object) -> object:
    if isinstance(given, str):
        return {"move": given}
    if isinstance(given, list) and given:
        first, *others = cast("list[object]", given)
        return {"move": first, "also": others}
    return cast(object, given)


class Meaning(Written):
    """The move that a word means, else the ones in ``also`` where that is not to be had, and what their form says."""

    move: Word
    also: tuple[Word, ...] = ()
    form: dict[Word, Value] = Field(default_factory=dict[str, Value])


Move = Annotated[Meaning, BeforeValidator(_as_move)]
States = Annotated[tuple[Word, ...], BeforeValidator(_listed), Field(min_length=1)]


class Skip(Written):
    """Events that only tell of an attribute: those with one of ``values`` in ``column``, and why they are passed."""

    column: Column
    values: tuple[str, ...] = Field(min_length=1)
    reason: Reason


class Wide(Written):
    """A column that holds the time of an event, in a log where one row is one case; ``word`` is the event's word.

    ``file`` names another table beside the log, in which ``case`` is the column of the case's id; ``tells`` are the
    columns of that table which forms are filled from.
    """

    column: Column
    word: LogWord
    file: Name | None = None
    case: Column | None = None
    tells: tuple[Column, ...] = ()


class Rule(Written):
    """What may not be in a log of wide rows: the word ``later`` before ``earlier``, or a case without ``wants``.

    ``column`` and ``values`` say of which rows ``wants`` is asked; ``never`` is the contrary of it: a word that such a
    row may not have.
    """

    name: Word
    earlier: LogWord | None = None
    later: LogWord | None = None
    wants: LogWord | None = None
    never: LogWord | None = None
    column: Column | None = None
    values: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> "Rule":
        given = [self.earlier is not None and self.later is not None, self.wants is not None, self.never is not None]
        if sum(given) != 1 or (self.earlier is None) != (self.later is None):
            raise PydanticCustomError("bad_rule", "earlier and later, or wants, or never", {"value": self.name})
        return self

    def asked_of(self, told: Mapping[str, str]) -> bool:
        """Whether the rule is for a row that says this."""
        return self.column is None or told.get(self.column) in self.values
