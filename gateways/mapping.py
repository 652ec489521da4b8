"""The mapping file: which column of a source's table holds which fact of a contact."""

import re
import tomllib
import warnings
from datetime import datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, cast
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from gateways.problems import Problem, excerpt
from models.contact import Channel

TIMES = frozenset({"at", "requested_at"})
"""The fields of a contact that hold an instant."""


class BadMapping(Exception):
    """The mapping file cannot be used; a problem's `row` is its line and its `column` the key at fault."""

    def __init__(self, path: Path, *problems: Problem) -> None:
        super().__init__(str(path), *(f"{problem.column}: {problem.code}" for problem in problems))
        self.path = path
        self.problems = problems


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise PydanticCustomError("unknown_zone", "no such time zone") from error
    return name


def _known_encoding(name: str) -> str:
    try:
        b"".decode(name)
        "".encode(name)
    except (LookupError, ValueError) as error:
        raise PydanticCustomError("unknown_encoding", "no such encoding") from error
    return name


def _whole_date(form: str) -> str:
    """Accept a text format only if it gives back the whole date that was written with it."""
    sample = datetime(2011, 4, 23, 13, 5, 9)  # noqa: DTZ001 a text format has no zone
    try:
        with warnings.catch_warnings():
            # Newer Pythons warn of a format without a year; it is refused below in our own words.
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


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Part):
    """Where the rows come from, and how their cells are to be read."""

    name: Name
    kind: Word
    pack: Word
    channel: Channel = Channel.FILE
    zone: Annotated[str, AfterValidator(_known_zone)]
    formats: tuple[Annotated[str, AfterValidator(_whole_date)], ...] = ()
    sheet: Name | None = None
    encoding: Annotated[str, AfterValidator(_known_encoding)] | None = None

    @cached_property
    def tz(self) -> tzinfo:
        """The zone of times that carry no offset."""
        return ZoneInfo(self.zone)


class ContactColumns(_Part):
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


class ReplyColumns(_Part):
    """The columns of the answer that the source already holds."""

    text: Column
    at: Column


class Mapping(_Part):
    """One mapping file: the source, and the columns of contact and reply."""

    source: Source
    contact: ContactColumns
    reply: ReplyColumns | None = None

    @cached_property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Each mapped field of a contact with its column; the reply's are not among them."""
        given = cast(dict[str, str], self.contact.model_dump(exclude_none=True))
        return tuple(given.items())

    @cached_property
    def columns(self) -> frozenset[str]:
        """All columns that are mapped."""
        answers = (self.reply.text, self.reply.at) if self.reply else ()
        return frozenset(column for _, column in self.fields) | frozenset(answers)


def load_mapping(path: Path) -> Mapping:
    """Read the mapping file at `path` (TOML, UTF-8), or raise `BadMapping`."""
    try:
        return Mapping.model_validate(_toml(path))
    except ValidationError as error:
        raise BadMapping(path, *(_problem(path, detail) for detail in error.errors())) from error


def _toml(path: Path) -> dict[str, Any]:
    name = excerpt(path.name)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise BadMapping(path, Problem(None, None, "bad_mapping.missing_file", {"file": name})) from error
    except OSError as error:
        raise BadMapping(path, Problem(None, None, "bad_mapping.unreadable", {"file": name})) from error
    except ValueError as error:
        at = re.search(r"line (\d+)", str(error))
        line = int(at[1]) if at else None
        raise BadMapping(path, Problem(line, None, "bad_mapping.not_toml", {"file": name})) from error


_CODES = {
    "extra_forbidden": "bad_mapping.unknown_key",
    "missing": "bad_mapping.missing_key",
    "unknown_zone": "bad_mapping.unknown_zone",
    "unknown_encoding": "bad_mapping.unknown_encoding",
    "bad_format": "bad_mapping.bad_format",
    "enum": "bad_mapping.unknown_channel",
}


def _problem(path: Path, detail: ErrorDetails) -> Problem:
    key = ".".join(str(step) for step in detail["loc"])
    code = _CODES.get(detail["type"], "bad_mapping.wrong_value")
    params: dict[str, str | int] = {"file": excerpt(path.name), "key": excerpt(key)}
    if code not in {"bad_mapping.unknown_key", "bad_mapping.missing_key"}:
        params["value"] = excerpt(detail["input"])
    if code == "bad_mapping.unknown_channel":
        params["channels"] = ", ".join(Channel)
    return Problem(None, key, code, params)
