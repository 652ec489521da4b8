"""The route that says what other rules in force would have done to the promises of the past."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from apps.api.caller import Called
from apps.api.case_documents import Input
from apps.api.responses import READ
from apps.principal_whatif import MOST, Asked, RuleText, reckoning, whatif_seen
from apps.whatif_documents import whatif_document
from engine.access.principal import Scope
from locales.zone import reader_zone

router = APIRouter(tags=["rules"])

NAME = 100
"""The longest name of a rule."""


class WhatIfQuery(Input):
    """The packs that are compared and the calendar of every limit, by name; and which cases and promises count."""

    pack: list[str] = Field(default_factory=list, max_length=MOST, examples=[["shipping"]])
    calendar: str | None = Field(default=None, max_length=NAME)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    kind: str | None = Field(default=None, max_length=NAME)
    of: str | None = Field(default=None, max_length=NAME, description="Only cases that live under this pack.")


class WhatIfAnswer(BaseModel):
    """What the rules would have done to the cases that the caller may read."""

    figures: dict[str, Any] = Field(description="As `closeloop whatif --json` prints it.")


@router.get("/whatif", responses=READ)
def show_whatif(query: Annotated[WhatIfQuery, Query()], caller: Called) -> WhatIfAnswer:
    """Reckon the promises of the past again under other rules; nothing is written."""
    caller.needs(Scope.READ_REPORTS)
    calendar = None if query.calendar is None else RuleText(query.calendar)
    packs = [RuleText(name) for name in query.pack]
    asked = Asked(packs, calendar, query.since, query.until, query.kind, query.of)
    chosen = reckoning(caller.store, caller.principal, asked, caller.at)
    results = whatif_seen(caller.store, chosen, caller.at, reader_zone())
    return WhatIfAnswer(figures=whatif_document(results, caller.at))
