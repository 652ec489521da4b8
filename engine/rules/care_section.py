"""The section of a policy pack that says on which occasions customers are greeted who agreed to it (D3)."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from engine.rules.languages import LANGUAGES
from engine.rules.limits import Row, Text

BIRTHDAY = "birthday"
"""The occasion that each customer has on a day of his own."""


class Occasion(Row):
    """A holiday: its days, one for each year, and its name and words in each language of the house."""

    days: Annotated[tuple[date, ...], Field(min_length=1)]
    name: dict[str, Text]
    words: dict[str, Text]

    @model_validator(mode="after")
    def _speaks_every_language(self) -> Self:
        for texts in (self.name, self.words):
            if texts.keys() != set(LANGUAGES):
                raise PydanticCustomError(
                    "pack.care_language", "the texts are in {given}; write one in each of {known}, and in no other",
                    {"given": ", ".join(texts), "known": ", ".join(LANGUAGES)},
                )  # fmt: skip
        return self


class Care(Row):
    """When customers are greeted who agreed to it: on the ``occasions``, and on their birthdays.

    Greetings go out from ``from_hour`` until before ``until_hour`` in the customer's zone. Nobody is greeted while a
    complaint of his is open, nor within ``quiet_days`` of one that ended without satisfying him.
    """

    from_hour: Annotated[int, Field(ge=0, le=23, strict=True)] = 9
    until_hour: Annotated[int, Field(ge=1, le=24, strict=True)] = 20
    quiet_days: Annotated[int, Field(ge=0, le=365, strict=True)] = 30
    birthdays: bool = False
    occasions: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], Occasion],
        Field(default_factory=dict),
    ]
    source: Text

    @model_validator(mode="after")
    def _leaves_birthday(self) -> Self:
        if BIRTHDAY in self.occasions:
            raise PydanticCustomError(
                "pack.care_birthday", "a birthday is no holiday: take the occasion out and set birthdays = true", {}
            )
        return self

    @model_validator(mode="after")
    def _leaves_time(self) -> Self:
        if self.from_hour >= self.until_hour:
            raise PydanticCustomError(
                "pack.care_hours", "no hour is left: until_hour must be later than from_hour; widen it", {}
            )
        return self
