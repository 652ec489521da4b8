"""Check the text of a draft as a publication is checked, and name every fault with its line."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Protocol
from zoneinfo import ZoneInfo

from engine.rules.edition_checks import EditionText, check_editions, checked_text
from engine.rules.fault_lines import line_of
from engine.rules.in_force import Sort, rules_in
from engine.rules.policy import parsed
from engine.transaction import Tx
from models.columns import from_micros
from models.zones import is_zone
from statemachines.refused import Refused
from statemachines.rule_faults import Fault, refused_fault, rule_fault

BAD = {
    Sort.PACK: "bad_pack",
    Sort.CALENDAR: "bad_calendar",
    Sort.SURVEY: "bad_questionnaire",
    Sort.CHECKLIST: "bad_checklist",
    Sort.INDICATOR: "bad_indicator",
    Sort.RECORD: "bad_record_checklist",
}
"""The refusal of a faulty text of each sort."""


class Draft(Protocol):
    """What of a draft is checked."""

    @property
    def sort(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def content(self) -> str: ...
    @property
    def effective_from(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class FaultAtLine:
    """A fault of a text and its line, where one can be named."""

    line: int | None
    fault: Fault


def check_draft(tx: Tx, draft: Draft, at: datetime, begins: datetime) -> EditionText:
    """Return the checked text of a draft that is to hold from ``begins`` on.

    Raises ``Refused`` as a publication does, and ``Refused('draft_unchanged')`` for what is in force already.
    """
    sort = Sort(draft.sort)
    edition = checked_text(tx, rules_in(tx), sort, draft.content, draft.name, at, begins)
    if edition.rules.name != draft.name:
        fault = rule_fault("name", "draft.other_name", "is not the name of the draft, {name}", name=draft.name)
        raise Refused(BAD[sort], file=draft.name, faults=[fault])
    if edition.is_known(begins):
        raise Refused("draft_unchanged", name=draft.name, version=edition.rules.version)
    check_editions(edition, at, begins)
    return edition


def faults_of(tx: Tx, draft: Draft, at: datetime) -> list[FaultAtLine]:
    """Return what keeps a draft from being published as it is now."""
    try:
        check_draft(tx, draft, at, begin_of(draft, at))
    except Refused as refused:
        faults: list[Fault] = refused.params.get("faults") or [refused_fault("", refused.code, refused)]
        return [FaultAtLine(line_of(draft.content, fault), fault) for fault in faults]
    return []


def begin_of(draft: Draft, at: datetime) -> datetime:
    """Return from when on a draft would hold: as it was submitted, else as its text says, else from now on.

    The instant of a pack is in the zone of the pack.
    """
    if draft.effective_from is not None:
        return from_micros(draft.effective_from)
    if draft.sort != Sort.PACK:
        return at
    try:
        pack = parsed(draft.content, draft.name)
    except Refused:
        return at
    if not is_zone(pack.zone):
        return at
    zone = ZoneInfo(pack.zone)
    local = at.astimezone(zone)
    if pack.effective_from is None or pack.effective_from <= local.date():
        return local
    return datetime.combine(pack.effective_from, time(), zone)
