"""The tables of a log's mapping file: the source, the columns, the opening, and the meanings of words."""

from collections.abc import Mapping
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from gateways.contact_mapping import Column, MappingTable, Name, TableSource, Word
from gateways.logs.form_values import Value

AT, ROW = "at", "row"
"""In ``order``: the event's time, and its place in the file."""

BACKWARDS = "-"
"""Before a name in ``order``: the greatest first, as in a file that begins with the newest event."""
CASE = "case:"
"""Before the name of an attribute that the log gives to a case and not to its events."""

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


def _as_tuple(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    return value


Columns = Annotated[tuple[Column, ...], BeforeValidator(_as_tuple)]


def _single_spaced(word: str) -> str:
    return " ".join(word.split())


LogWord = Annotated[str, AfterValidator(_single_spaced)]


class LogSource(TableSource):
    """Where the log comes from, and how its cells are read.

    ``missing`` are texts that stand for an empty cell; ``epoch`` says that times are numbers counted from 1970.
    """

    missing: tuple[str, ...] = ()
    epoch: Literal["seconds", "milliseconds"] | None = None


class EventColumns(MappingTable):
    """The columns of an event: its case, word, time, order, actor and department.

    A case's own attribute in XES and OCEL is called ``case:NAME``; OCEL's own names are ``ocel:activity``,
    ``ocel:timestamp`` and ``ocel:type:TYPE`` for the object of a type. Several ``word`` columns are joined by `` | ``.
    Where each row is a whole case (``wide``), ``word`` may be its column of states, which is one more event after those
    of the row, at the time in the column ``at``. Without ``at``, or where that is empty, the row's last time is taken,
    and where it has none the time of its opening. ``order`` names ``at``, ``row`` or columns that hold numbers, with a
    ``-`` where the greatest comes first. ``untimed``: an event without a time is refused, or takes the time of the one
    before it in the file, where that is of the same case. ``inferred`` says of each event whether it was inferred, as a
    log of our own does. ``seq`` is the event's number within its case, by which other events of the case name it: the
    message that did not arrive.
    """

    case: Column
    word: Columns = ()
    at: Column | None = None
    order: tuple[Column, ...] = (AT, ROW)
    untimed: Literal["refuse", "neighbour"] = "refuse"
    who: Column | None = None
    department: Column | None = None
    inferred: Column | None = None
    seq: Column | None = None


class OpeningColumns(MappingTable):
    """The fields of the contact that opens a case: each a constant or a column of the case's first event.

    ``at`` may name several columns: the first that has a time counts. ``customer_id`` identifies the customer in the
    source: cases with the same one are of one customer.
    """

    at: Columns = ()
    text: Value | None = None
    subject: Value | None = None
    demand: Value | None = None
    customer_id: Value | None = None
    customer: Value | None = None
    phone: Value | None = None
    email: Value | None = None
    shipment: Value | None = None
    customer_type: Value | None = None
    requested_at: Value | None = None
    channel: Value | None = None


def _as_move(value: object) -> object:
    if isinstance(value, str):
        return {"move": value}
    if isinstance(value, list) and value:
        first, *others = cast("list[object]", value)
        return {"move": first, "also": others}
    return cast(object, value)


class Meaning(MappingTable):
    """The move that a word means, those in ``also`` where it is not permitted, and the values of its form."""

    move: Word
    also: tuple[Word, ...] = ()
    form: dict[Word, Value] = Field(default_factory=dict[str, Value])


Move = Annotated[Meaning, BeforeValidator(_as_move)]
States = Annotated[tuple[Word, ...], BeforeValidator(_as_tuple), Field(min_length=1)]


class Skip(MappingTable):
    """Events to ignore: those with one of ``values`` in ``column``, and the reason."""

    column: Column
    values: tuple[str, ...] = Field(min_length=1)
    reason: Reason


class Wide(MappingTable):
    """A column that holds the time of an event, in a log where one row is one case; ``word`` is the event's word.

    ``file`` names another table beside the log, in which ``case`` is the column of the case's id; ``tells`` are the
    columns of that table from which forms are filled.
    """

    column: Column
    word: LogWord
    file: Name | None = None
    case: Column | None = None
    tells: tuple[Column, ...] = ()


class Rule(MappingTable):
    """A rule that rows of a wide log must obey: ``later`` is not before ``earlier``, or ``wants`` has a time.

    ``never`` is a word that may not have a time. With ``column`` and ``values`` the rule applies only to rows with one
    of these values there.
    """

    name: Word
    earlier: LogWord | None = None
    later: LogWord | None = None
    wants: LogWord | None = None
    never: LogWord | None = None
    column: Column | None = None
    values: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _exactly_one_kind(self) -> "Rule":
        kinds = [self.earlier is not None and self.later is not None, self.wants is not None, self.never is not None]
        if sum(kinds) != 1 or (self.earlier is None) != (self.later is None):
            raise PydanticCustomError("bad_rule", "earlier and later, or wants, or never", {"value": self.name})
        return self

    def applies_to(self, values: Mapping[str, str]) -> bool:
        """Return whether the rule applies to a row with these values by column."""
        return self.column is None or values.get(self.column) in self.values


class Sla(MappingTable):
    """The column in which the log says itself whether it kept its promise, and the texts of both answers.

    ``clause`` is the promise of ours that is compared with it; without it, all that we promise to the customer.
    """

    column: Column
    kept: tuple[str, ...] = Field(min_length=1)
    broken: tuple[str, ...] = Field(min_length=1)
    clause: Word | None = None

    def read(self, text: str | None) -> str:
        """Return ``kept``, ``broken``, or nothing for any other text."""
        return "kept" if text in self.kept else "broken" if text in self.broken else ""
