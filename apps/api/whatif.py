"""The routes that say what other rules would have done to the promises of the past, and would do to open cases."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from apps.api.caller import Called
from apps.api.case_documents import Input
from apps.api.responses import READ
from apps.principal_rule_preview import preview_of_text
from apps.principal_whatif import MOST, Asked, RuleText, reckoning, whatif_seen
from apps.rule_preview_documents import preview_document
from apps.whatif_documents import whatif_document
from engine.access.principal import Scope
from engine.entry_checks import check_instant
from engine.rules.in_force import Sort
from locales.zone import reader_zone

router = APIRouter(tags=["rules"])

NAME = 100
"""The longest name of a rule."""
LONGEST = 65_536
"""The most characters of a text of rules, as on the pages of the console."""


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


class ProposedRules(Input):
    """The text of a pack or a calendar, and from when on it would hold: else as the text says, else from now on."""

    sort: Literal["pack", "calendar"]
    content: str = Field(max_length=LONGEST, examples=['name = "logistics"\n…'])
    effective_from: AwareDatetime | None = None


class PreviewAnswer(BaseModel):
    """Which deadlines of open cases the rules would move."""

    preview: dict[str, Any] = Field(description="As `closeloop policy preview --json` prints it.")


@router.post("/rules/preview", responses=READ)
def preview_rules(body: ProposedRules, caller: Called) -> PreviewAnswer:
    """Compute which deadlines of the newest open cases a text of rules would move; nothing is written."""
    caller.needs(Scope.READ_REPORTS)
    if body.effective_from is not None:
        check_instant(body.effective_from)
    proposed, preview = preview_of_text(
        caller.store, caller.principal, Sort(body.sort), body.content, f"{body.sort}.toml", caller.at,
        body.effective_from,
    )  # fmt: skip
    return PreviewAnswer(preview=preview_document(proposed, preview))


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
