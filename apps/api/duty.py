"""Routes of the duty roster: who is on duty, a roster handed in, a swap, an alert acknowledged (B11)."""

from datetime import date, datetime, time
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from apps.api.caller import Called
from apps.api.case_documents import Input
from apps.api.responses import READ, WRITE
from apps.duty_documents import alert_document, turn_document
from apps.principal_duty import alert_acknowledged, alerts_seen, duty_seen, roster_recorded, swap_recorded
from engine.access.principal import Scope
from engine.duty.record import MOST_SHIFTS, GivenRoster
from engine.duty.roster import Swap
from models.shifts import HOUSE, WeeklyShift
from statemachines.roles import TOP_LEVEL

router = APIRouter(prefix="/duty", tags=["operations"])

DepartmentName = Annotated[
    str | None, Field(max_length=40, description="The code of a department; without it the whole house.")
]
LevelNumber = Annotated[int, Field(ge=0, le=TOP_LEVEL, description="The escalation level.")]
Handle = Annotated[str, Field(min_length=1, max_length=100)]
ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["20:00"])]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]


class NewShift(Input):
    """A shift that comes again on each of `days`; unless it ends later than it begins, it ends on the next day."""

    department: DepartmentName = None
    level: LevelNumber
    days: list[Day] = Field(min_length=1, max_length=8)
    begins: ClockTime = Field(description="Local time of the roster's calendar.")
    ends: ClockTime
    person: Handle = Field(description="A handle, or `-` where nobody has to be on duty.")


class NewRoster(Input):
    """A roster: from `valid_from` on it replaces older ones for the departments and levels that it names."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "calendar": "cn-office",
                "valid_from": "2026-03-02",
                "shifts": [
                    {"department": "claims", "level": 1, "days": ["mon", "fri"], "begins": "18:00", "ends": "09:00",
                     "person": "sue"},
                ],
            }
        }
    )  # fmt: skip

    calendar: str = Field(default="cn-office", max_length=100)
    valid_from: date | None = Field(default=None, description="Without it, today.")
    shifts: list[NewShift] = Field(min_length=1, max_length=MOST_SHIFTS)


class RecordedRosterDocument(BaseModel):
    """A recorded roster; `new` is false where it was the newest one already."""

    number: int
    valid_from: date
    shifts: int
    new: bool


class NewSwap(Input):
    """Somebody stands in for another one who is on duty by the roster."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "department": "claims",
                "level": 1,
                "person": "sue",
                "stand_in": "amy",
                "starts_at": "2026-03-06T18:00:00+08:00",
                "ends_at": "2026-03-07T09:00:00+08:00",
                "reason": "Leave",
            }
        }
    )

    department: DepartmentName = None
    level: LevelNumber
    person: Handle
    stand_in: Handle
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    reason: str = Field(max_length=1000)


class RecordedSwap(BaseModel):
    """Whether the swap is new."""

    new: bool


class TurnDocument(BaseModel):
    """Who is on duty from when until when: `named` by the roster, `people` in the end, deputies among them.

    `needed` is false where nobody has to be on duty; where it is true and there are no `people`, it is a gap.
    """

    department: str | None
    level: int
    starts_at: datetime
    ends_at: datetime
    needed: bool
    named: list[str]
    people: list[str]


class DutyAlertDocument(BaseModel):
    """An alert that awaits an answer; nobody is on duty where there are no `people`."""

    number: str
    level: int
    people: list[str]
    raised_at: datetime
    climbs_at: datetime | None = Field(description="When the next level is alerted.")


class Acknowledgement(Input):
    """The case of which the alerts are acknowledged."""

    number: str = Field(max_length=40, examples=["cp-26-000001"])


class Acknowledged(BaseModel):
    """How many alerts were acknowledged; none where the caller had done so before."""

    acknowledged: int


class DutyDocument(BaseModel):
    """Who is on duty now, the turns and gaps of the days to come, and the alerts that await an answer."""

    at: datetime
    until: datetime
    now: list[TurnDocument]
    turns: list[TurnDocument]
    gaps: list[TurnDocument]
    alerts: list[DutyAlertDocument]


@router.get("", responses=READ)
def show_duty(caller: Called, days: Annotated[int, Query(ge=1, le=92)] = 14) -> DutyDocument:
    """Show who is on duty now and in the days to come, when nobody is, and which alerts await an answer."""
    caller.needs(Scope.READ_CASES)
    plan = duty_seen(caller.store, caller.principal, caller.at, days)
    now, turns, gaps = (
        [TurnDocument(**turn_document(turn)) for turn in part] for part in (plan.now, plan.turns, plan.gaps)
    )
    open_alerts = alerts_seen(caller.store, caller.principal, caller.at)
    alerts = [DutyAlertDocument(**alert_document(alert)) for alert in open_alerts]
    return DutyDocument(at=plan.at, until=plan.until, now=now, turns=turns, gaps=gaps, alerts=alerts)


@router.post("/rosters", responses=WRITE)
def record_duty_roster(body: NewRoster, caller: Called) -> RecordedRosterDocument:
    """Record a roster. The newest roster again changes nothing."""
    shifts = [
        WeeklyShift(
            each.department or HOUSE,
            each.level,
            frozenset(each.days),
            time.fromisoformat(each.begins),
            time.fromisoformat(each.ends),
            each.person,
        )
        for each in body.shifts
    ]
    given = GivenRoster(shifts, body.calendar, caller.principal.via, body.valid_from)
    recorded = roster_recorded(caller.store, caller.principal, given, caller.working_time())
    return RecordedRosterDocument(
        number=recorded.number, valid_from=recorded.valid_from, shifts=recorded.shifts, new=recorded.new
    )


@router.post("/swaps", responses=WRITE)
def record_duty_swap(body: NewSwap, caller: Called) -> RecordedSwap:
    """Record that somebody stands in for another one. The newest swap again changes nothing."""
    swap = Swap(body.department or HOUSE, body.level, body.person, body.stand_in, body.starts_at, body.ends_at)
    return RecordedSwap(new=swap_recorded(caller.store, caller.principal, swap, body.reason, caller.working_time()))


@router.post("/acknowledgements", responses=WRITE)
def acknowledge_duty_alert(body: Acknowledgement, caller: Called) -> Acknowledged:
    """Acknowledge the alerts of a case: they climb no further. Whoever is alerted does so, or a supervisor."""
    count = alert_acknowledged(caller.store, caller.principal, body.number, caller.working_time())
    return Acknowledged(acknowledged=count)
