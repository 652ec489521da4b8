"""Values of forms and contacts: a constant, or a column of the log, optionally through a table of values."""

import re
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from gateways.cells import instant_in
from gateways.contact_mapping import Column, TableSource
from gateways.problems import BadCell, excerpt
from models.exact_number import NoNumber, whole_number

Plain = str | int | bool
_NO_NUMBER = {
    "not_a_number": "bad_log.no_number",
    "ambiguous_number": "bad_log.ambiguous_number",
    "not_whole": "bad_log.not_whole",
    "scientific_number": "bad_log.scientific_number",
    "number_with_unit": "bad_log.number_with_unit",
    "bracketed_number": "bad_log.bracketed_number",
    "large_number": "bad_log.large_number",
}
CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Value(BaseModel):
    """One value of a mapping, written as a constant or as ``{ column = "...", values = {...}, otherwise = ... }``.

    A text that ``values`` does not name becomes ``otherwise`` if that is given, else it is converted as ``as`` says:
    to ``text``, to a ``time`` (in the log's zone and formats), to a whole ``number``, or to a ``code``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    constant: Plain | None = None
    column: Column | None = None
    values: dict[str, Plain] = Field(default_factory=dict[str, Plain])
    otherwise: Plain | None = None
    kind: Literal["text", "time", "number", "code"] = Field("text", alias="as")

    @model_validator(mode="before")
    @classmethod
    def _expand_short_form(cls, value: object) -> object:
        return cast(object, value) if isinstance(value, dict) else {"constant": value}

    @model_validator(mode="after")
    def _one_of_both(self) -> "Value":
        if (self.constant is None) == (self.column is None):
            raise PydanticCustomError("one_of_both", "either a constant or a column")
        return self

    def read(self, text: str | None, source: TableSource) -> Any:
        """Return the value for the column's text, None if there is none. Raises ``BadCell``."""
        if self.constant is not None:
            return self.constant
        if text is not None and text in self.values:
            return self.values[text]
        if self.otherwise is not None or text is None:
            return self.otherwise
        return _converted(text, self.kind, source)


def _converted(text: str, kind: str, source: TableSource) -> str | int | datetime | None:
    match kind:
        case "time":
            return instant_in(text, source)
        case "number":
            try:
                return whole_number(text, source.decimal)
            except NoNumber as error:
                raise BadCell(_NO_NUMBER[error.reason], value=excerpt(text)) from error
        case "code":
            return code_of(text)
        case _:
            return text


@lru_cache(maxsize=4096)
def code_of(name: str) -> str:
    """Return a code for a name: small letters, digits, underscores; the same each time.

    A name that is not ASCII gets a code from its digest, so that two names do not share one.
    """
    slug = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")[:40].rstrip("_")
    if CODE.fullmatch(slug) and name.isascii():
        return slug
    return "x" + blake2b(name.encode(), digest_size=6).hexdigest()
