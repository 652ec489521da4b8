"""Where a form or a contact gets a value from: a constant, or a column of the log, perhaps by a table of values."""

import re
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from gateways.cells import instant_in
from gateways.mapping import Column, Source
from gateways.problems import BadCell, excerpt

Plain = str | int | bool
CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Value(BaseModel):
    """One value of a mapping, written as a constant or as ``{ column = "...", values = {...}, otherwise = ... }``.

    What ``values`` does not name is taken as it stands, or as ``otherwise`` where that is given; ``as`` says what the
    text is: ``text``, a ``time`` (in the log's zone and formats), a whole ``number``, or a name to be made a ``code``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    constant: Plain | None = None
    column: Column | None = None
    values: dict[str, Plain] = Field(default_factory=dict[str, Plain])
    otherwise: Plain | None = None
    kind: Literal["text", "time", "number", "code"] = Field("text", alias="as")

    @model_validator(mode="before")
    @classmethod
    def _written_short(cls, given: object) -> object:
        return cast(object, given) if isinstance(given, dict) else {"constant": given}

    @model_validator(mode="after")
    def _one_of_both(self) -> "Value":
        if (self.constant is None) == (self.column is None):
            raise PydanticCustomError("one_of_both", "either a constant or a column")
        return self

    def read(self, told: str | None, source: Source) -> Any:
        """The value, given what the log tells in the column; None where there is none. Raises ``BadCell``."""
        if self.constant is not None:
            return self.constant
        if told is not None and told in self.values:
            return self.values[told]
        if self.otherwise is not None or told is None:
            return self.otherwise
        return _converted(told, self.kind, source)


def _converted(text: str, kind: str, source: Source) -> str | int | datetime | None:
    match kind:
        case "time":
            return instant_in(text, source)
        case "number":
            try:
                return int(float(text)) if "." in text else int(text)
            except (ValueError, OverflowError) as error:
                raise BadCell("bad_log.no_number", value=excerpt(text)) from error
        case "code":
            return code_of(text)
        case _:
            return text


@lru_cache(maxsize=4096)
def code_of(name: str) -> str:
    """A name as a code of ours (small letters, digits, underscores), the same one each time.

    What no letter of the alphabet is left of gets a code from its digest: two names are never one by accident.
    """
    slug = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")[:40].rstrip("_")
    if CODE.fullmatch(slug) and name.isascii():
        return slug
    return "x" + blake2b(name.encode(), digest_size=6).hexdigest()
