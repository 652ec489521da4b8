"""Routes of periodic surveys: draw one, send it out, read its report (E1)."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from apps.api.caller import Called, IdempotencyKey
from apps.api.case_documents import Input
from apps.api.responses import READ, WRITE
from apps.principal_surveys import (
    WantedSurvey,
    call_off_survey_for,
    draw_survey_for,
    send_survey_for,
    survey_seen,
    surveys_seen,
)
from apps.survey_documents import survey_report_document
from engine.access.principal import Scope
from engine.rules.sampling import MOST_SURVEYED, Allocation, SurveyStrata
from statemachines.form_model import Code, PeriodName
from statemachines.forms import SurveyWay
from statemachines.survey_invitation import ReasonForCustomers

router = APIRouter(prefix="/surveys", tags=["surveys"])

SurveyId = Annotated[int, Path(ge=1, le=2**31 - 1)]


class NewSurvey(Input):
    """Whom to draw: customers with a case of one of the kinds that was opened in a period that is over."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"pack": "shipping", "period": "2026-Q1", "kinds": ["service_order"], "size": 200, "least": 10}
        }
    )

    pack: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    period: PeriodName
    kinds: list[Code] = Field(min_length=1, max_length=20)
    size: int = Field(ge=1, le=MOST_SURVEYED)
    by: SurveyStrata = SurveyStrata.CUSTOMER_TYPE
    method: Allocation = Allocation.PROPORTIONAL
    least: int = Field(default=0, ge=0, le=MOST_SURVEYED)
    way: SurveyWay = SurveyWay.LINK


class SurveyDocument(BaseModel):
    """A survey: its sampling plan, who drew it, and when it was sent out; null while nobody is asked."""

    id: int
    pack: str
    period: str | None = Field(description="The period of a survey that the pack's schedule drew.")
    since: datetime
    until: datetime
    kinds: list[str]
    by: SurveyStrata
    method: Allocation
    wanted: int
    least: int
    way: SurveyWay
    apart_days: int | None
    seed: str
    population: int
    drawn: int
    drawn_by: str
    drawn_at: datetime
    sent_by: str | None
    sent_at: datetime | None
    called_off_by: str | None = Field(description="Who called it off; null while it is not.")
    called_off_at: datetime | None
    called_off_because: str | None = Field(description="Why, as the invited customers read it.")


class DrawnSurveys(BaseModel):
    """The surveys, the newest first."""

    surveys: list[SurveyDocument]


class StratumDocument(BaseModel):
    """A stratum: shares in percent, the satisfied one with its 95 % interval, the score in points of 100."""

    name: str
    population: int
    eligible: int
    left_out: dict[str, int]
    drawn: int
    invited: int
    reached: int
    answered: int
    declined: int
    called_off: int = Field(description="Invitations that ended because the survey was called off.")
    open: int = Field(description="Invitations whose answer is still awaited.")
    satisfied: int
    doubtful: int = Field(description="Answers that a reviewer marked as doubtful; they are counted in the figures.")
    satisfied_undoubted: int
    undoubted_share: float | None = Field(description="The satisfied share without the doubtful answers.")
    scored: int
    score: float | None
    score_undoubted: float | None
    response_rate: float | None
    satisfied_share: float | None
    low: float | None
    high: float | None
    small: bool


class SurveyReportDocument(BaseModel):
    """A survey by stratum. ``representative`` compares the answered with the population, ``again`` another draw."""

    survey: SurveyDocument
    strata: list[StratumDocument]
    total: StratumDocument
    weighted_share: float | None
    representative: dict[str, Any]
    questionnaires: list[str]
    again: dict[str, Any]


class SentSurvey(BaseModel):
    """How many invitations were opened now, and how many the run of the next morning opens."""

    survey: int
    opened: int
    left: int


class Cancellation(Input):
    """Why a survey is called off, in one line that every invited customer reads."""

    reason: ReasonForCustomers = Field(examples=["The questionnaire names a wrong month."])


class CalledOffSurvey(BaseModel):
    """How many invitations ended now; `new` is false where the survey had been called off before."""

    survey: int
    ended: int
    new: bool


@router.get("", responses=READ)
def list_surveys(caller: Called) -> DrawnSurveys:
    """List the surveys that were drawn, the newest first."""
    caller.needs(Scope.READ_REPORTS)
    return DrawnSurveys(
        surveys=[SurveyDocument(**_listed(each)) for each in surveys_seen(caller.store, caller.principal)]
    )


@router.post("", responses=WRITE)
def draw_survey(body: NewSurvey, caller: Called, key: IdempotencyKey) -> SurveyReportDocument:
    """Draw a survey. The seed is chosen here, and nobody is asked before it is sent out."""
    wanted = WantedSurvey(
        body.pack, body.period, tuple(body.kinds), body.size, body.by, body.method, body.least, body.way
    )  # fmt: skip
    survey_id = draw_survey_for(caller.store, caller.principal, wanted, caller.working_time(), key)
    return _report(caller, survey_id)


@router.get("/{survey_id}", responses=READ)
def show_survey(survey_id: SurveyId, caller: Called) -> SurveyReportDocument:
    """Return a survey by stratum, and whether the draw gives the same again."""
    caller.needs(Scope.READ_REPORTS)
    return _report(caller, survey_id)


@router.post("/{survey_id}/invitations", responses=WRITE)
def send_survey(survey_id: SurveyId, caller: Called) -> SentSurvey:
    """Send a survey out. Repeated, it opens the next invitations; nobody gets a second one."""
    sent = send_survey_for(caller.store, caller.principal, survey_id, caller.working_time(), caller.settings.locale)
    return SentSurvey(survey=survey_id, **asdict(sent))


@router.post("/{survey_id}/cancellation", responses=WRITE)
def call_off_survey(survey_id: SurveyId, body: Cancellation, caller: Called) -> CalledOffSurvey:
    """Call a survey off: its open invitations end. Repeated, it ends what is still open."""
    found = call_off_survey_for(caller.store, caller.principal, survey_id, body.reason, caller.working_time())
    return CalledOffSurvey(survey=survey_id, **asdict(found))


def _report(caller: Called, survey_id: int) -> SurveyReportDocument:
    document = survey_report_document(survey_seen(caller.store, caller.principal, survey_id))
    document["survey"]["kinds"] = list(document["survey"]["kinds"])
    return SurveyReportDocument(**document)


def _listed(survey: Any) -> dict[str, Any]:
    return {**asdict(survey), "kinds": list(survey.kinds)}
