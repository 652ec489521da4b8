"""The instants of forms, contacts and scenarios: aware, and of years in which deadlines can be counted."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime
from pydantic_core import PydanticCustomError

from models.columns import is_countable


def _countable(instant: datetime) -> datetime:
    if not is_countable(instant):
        raise PydanticCustomError("impossible_instant", "must be of the years 1900 to 2199")
    return instant


Instant = Annotated[AwareDatetime, AfterValidator(_countable)]
