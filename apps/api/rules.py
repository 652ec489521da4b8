"""Routes that read the rules in force: packs, calendars, questionnaires, checklists; and reckon a deadline by them."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, Field

from apps.api.caller import Called
from apps.api.case_documents import Input
from apps.api.responses import READ
from engine.access.principal import Scope
from engine.calendars.calendar import Calendar
from engine.calendars.deadlines import Unit, due, provisional
from engine.entry_checks import check_instant
from engine.rules.in_force import Sort, rules_of
from models.columns import from_micros, to_micros
from statemachines.refused import Refused

router = APIRouter(tags=["rules"])

RuleName = Annotated[str, Path(max_length=100, examples=["logistics"])]
LARGEST_AMOUNT = 1_000_000


class PackEntry(BaseModel):
    """A policy pack in force, and the document that it comes from."""

    name: str
    version: str
    document: str
    effective_from: datetime | None = Field(description="Since when its edition holds; null of a shipped one.")


class Packs(BaseModel):
    """The policy packs in force."""

    packs: list[PackEntry]


class PackDocument(BaseModel):
    """What a policy pack says: its clauses with their limits and sources, its bounds, its escalation."""

    name: str
    version: str
    pack: dict[str, Any]


class CalendarEntry(BaseModel):
    """A working calendar: its zone, and until when its holidays are known."""

    name: str
    zone: str
    version: str
    covered_until: date | None


class Calendars(BaseModel):
    """The working calendars in force."""

    calendars: list[CalendarEntry]


class Questionnaires(BaseModel):
    """The questionnaires in force, by which customers are surveyed."""

    questionnaires: list[dict[str, Any]]


class Checklists(BaseModel):
    """The checklists of conduct in force, by which contacts are scored."""

    checklists: list[dict[str, Any]]


class Deadline(BaseModel):
    """When an amount of time runs out in a calendar, in the zone of the calendar."""

    start: datetime
    amount: int
    unit: Unit
    calendar: str
    calendar_version: str
    due: datetime
    provisional: bool = Field(description="Whether a holiday that is not published yet may move it.")


class DeadlineQuery(Input):
    """What to reckon."""

    start: AwareDatetime
    amount: int = Field(ge=0, le=LARGEST_AMOUNT)
    unit: Unit
    calendar: str = Field(max_length=100, examples=["cn-office"])


@router.get("/packs", responses=READ)
def list_packs(caller: Called) -> Packs:
    """List the policy packs in force."""
    caller.needs(Scope.READ_CASES)
    rules, now = rules_of(caller.store), to_micros(caller.at)
    entries = list[PackEntry]()
    for name in rules.names(Sort.PACK):
        edition = rules.in_force(Sort.PACK, name, now)
        try:
            pack = rules.pack(name, now)
        except Refused:
            continue  # its first edition is still to come
        since = None if edition is None else from_micros(edition.effective_from)
        entries.append(PackEntry(name=name, version=pack.version, document=pack.document, effective_from=since))
    return Packs(packs=entries)


@router.get("/packs/{name}", responses=READ)
def show_pack(name: RuleName, caller: Called) -> PackDocument:
    """Return what a policy pack says."""
    caller.needs(Scope.READ_CASES)
    rules = rules_of(caller.store)
    if name not in rules.names(Sort.PACK):
        raise Refused("unknown_address")
    pack = rules.pack(name, to_micros(caller.at))
    return PackDocument(name=pack.name, version=pack.version, pack=pack.model_dump(mode="json"))


@router.get("/calendars", responses=READ)
def list_calendars(caller: Called) -> Calendars:
    """List the working calendars in force."""
    caller.needs(Scope.READ_CASES)
    rules = rules_of(caller.store)
    return Calendars(calendars=[_calendar(rules.calendar(name)) for name in rules.names(Sort.CALENDAR)])


@router.get("/questionnaires", responses=READ)
def list_questionnaires(caller: Called) -> Questionnaires:
    """List the questionnaires in force."""
    caller.needs(Scope.READ_CASES)
    found = rules_of(caller.store).questionnaires(to_micros(caller.at)).values()
    return Questionnaires(questionnaires=[each.model_dump(mode="json") for each in found])


@router.get("/checklists", responses=READ)
def list_checklists(caller: Called) -> Checklists:
    """List the checklists of conduct in force."""
    caller.needs(Scope.READ_CASES)
    found = rules_of(caller.store).checklists(to_micros(caller.at)).values()
    return Checklists(checklists=[each.model_dump(mode="json") for each in found])


@router.get("/deadline", responses=READ)
def reckon_deadline(query: Annotated[DeadlineQuery, Query()], caller: Called) -> Deadline:
    """Reckon when an amount of time runs out in a calendar in force."""
    caller.needs(Scope.READ_CASES)
    check_instant(query.start)
    place = rules_of(caller.store).calendar(query.calendar)
    end = due(place, query.start, query.amount, query.unit)
    return Deadline(
        start=query.start, amount=query.amount, unit=query.unit, calendar=place.name, calendar_version=place.version,
        due=place.local(end), provisional=provisional(place, query.start, end, query.unit),
    )  # fmt: skip


def _calendar(calendar: Calendar) -> CalendarEntry:
    return CalendarEntry(
        name=calendar.name, zone=calendar.zone.key, version=calendar.version, covered_until=calendar.covered_until
    )
