"""The mapping of a contact file: which column of a source's table holds which field of a contact."""

import re
import warnings
from datetime import datetime, tzinfo
from functools import cached_property
from typing import Annotated, Literal, cast
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from models.contact import Channel
from models.zones import is_zone

TIMES = frozenset({"at", "requested_at"})
"""The fields of a contact that hold instants."""


def _known_zone(name: str) -> str:
    """Return the name of a time zone. Raises ``PydanticCustomError('unknown_zone')``."""
    if not is_zone(name):
        raise PydanticCustomError("unknown_zone", "no such time zone")
    return name


def _known_encoding(name: str) -> str:
    """Return the name of a codec for text. Raises ``PydanticCustomError('unknown_encoding')``."""
    try:
        b"".decode(name)
        "".encode(name)
    except (LookupError, ValueError) as error:
        raise PydanticCustomError("unknown_encoding", "no such encoding") from error
    return name


def _whole_date(form: str) -> str:
    """Return the strptime format if it reads a whole date back. Raises ``PydanticCustomError('bad_format')``."""
    sample = datetime(2011, 4, 23, 13, 5, 9)  # noqa: DTZ001 a text format has no zone
    try:
        with warnings.catch_warnings():
            # Newer Pythons warn of a format without a year; below it is refused.
            warnings.simplefilter("ignore", DeprecationWarning)
            read = datetime.strptime(sample.strftime(form), form)  # noqa: DTZ007
    except (ValueError, re.error) as error:
        raise PydanticCustomError("bad_format", "not a format of strptime") from error
    if read.date() != sample.date() or read.hour not in {0, sample.hour}:
        raise PydanticCustomError("bad_format", "the format loses part of the date")
    return form


Column = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class MappingTable(BaseModel):
    """A table of a mapping file: immutable, and without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TableSource(MappingTable):
    """Where the rows come from, and how their cells are read."""

    name: Name
    kind: Word
    pack: Word
    channel: Channel = Channel.FILE
    zone: Annotated[str, AfterValidator(_known_zone)]
    formats: tuple[Annotated[str, AfterValidator(_whole_date)], ...] = ()
    sheet: Name | None = None
    encoding: Annotated[str, AfterValidator(_known_encoding)] | None = None
    delimiter: Annotated[str, StringConstraints(pattern=r'^[^\w"\r\n]$')] | None = None
    header_row: Annotated[int, Field(ge=1)] | None = None
    decimal: Literal[".", ","] | None = None

    @cached_property
    def tz(self) -> tzinfo:
        """Return the zone of times without an offset."""
        return ZoneInfo(self.zone)


class ContactColumns(MappingTable):
    """The column of each field of a contact."""

    row_id: Column
    at: Column
    text: Column
    subject: Column | None = None
    demand: Column | None = None
    customer: Column | None = None
    phone: Column | None = None
    email: Column | None = None
    shipment: Column | None = None
    requested_at: Column | None = None
    channel: Column | None = None
    language: Column | None = None
    case: Column | None = None


class ReplyColumns(MappingTable):
    """The columns of the reply that the source already holds."""

    text: Column
    at: Column


class ContactMapping(MappingTable):
    """A mapping file: the source, and the columns of contact and reply."""

    source: TableSource
    contact: ContactColumns
    reply: ReplyColumns | None = None

    def in_encoding(self, encoding: str) -> "ContactMapping":
        """Return the same mapping for a file in that encoding."""
        return self.model_copy(update={"source": self.source.model_copy(update={"encoding": encoding})})

    @cached_property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Return each mapped field of a contact with its column, without the reply's."""
        columns = cast(dict[str, str], self.contact.model_dump(exclude_none=True))
        return tuple(columns.items())

    @cached_property
    def columns(self) -> frozenset[str]:
        """Return all mapped columns."""
        reply = (self.reply.text, self.reply.at) if self.reply else ()
        return frozenset(column for _, column in self.fields) | frozenset(reply)
