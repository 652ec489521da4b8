"""The pages of periodic surveys: those that were drawn, a new one, and the report of one (E1)."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse, Response
from pydantic import Field

from apps.api.problems import status_of
from apps.console.visit import Sent, Visit, Visiting
from apps.form_choices import periods_before
from apps.principal_reports import refuse_others
from apps.principal_surveys import (
    PLANS_SURVEYS,
    WantedSurvey,
    call_off_survey_for,
    draw_survey_for,
    send_survey_for,
    survey_seen,
    surveys_seen,
)
from apps.web.form_entries import filled
from apps.web.form_fields import Choices, FormReader, form_fields
from engine.rules.in_force import Sort, rules_in
from engine.rules.sampling import MOST_SURVEYED, Allocation, SurveyStrata, surveyed_kinds
from locales.translation import label, refusal
from locales.zone import reader_zone
from models.exact_number import EXACT
from reports.survey_report_text import survey_section, survey_title
from statemachines.form_model import Code, Form, PeriodName
from statemachines.forms import SurveyWay
from statemachines.refused import Refused
from statemachines.survey_invitation import SURVEY_INVITATION, CallOff

router = APIRouter(prefix="/surveys")

SurveyId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Count = Annotated[int, Field(ge=0, le=MOST_SURVEYED), EXACT]


class SurveyForm(Form):
    """Whom to draw for a survey; a console survey asks the customers of one kind of case."""

    survey_pack: Code
    survey_period: PeriodName
    survey_kind: Code
    survey_size: Count = 100
    survey_strata: SurveyStrata = SurveyStrata.CUSTOMER_TYPE
    survey_method: Allocation = Allocation.PROPORTIONAL
    survey_least: Count = 0
    survey_way: SurveyWay = SurveyWay.LINK


@router.get("")
def list_surveys(visit: Visiting) -> HTMLResponse:
    """List the surveys, with the form of a new one."""
    return _surveys(visit, {})


@router.post("")
def draw_survey(visit: Visiting, entries: Sent) -> Response:
    """Draw a survey; nobody is asked yet."""
    refuse_others(visit.principal, PLANS_SURVEYS)
    given = entries.given()
    try:
        form = filled(SurveyForm, given, reader_zone())
        wanted = WantedSurvey(
            form.survey_pack, form.survey_period, (form.survey_kind,), form.survey_size, form.survey_strata,
            form.survey_method, form.survey_least, form.survey_way,
        )  # fmt: skip
        key = entries.text("_key") or None
        survey_id = draw_survey_for(visit.store, visit.principal, wanted, visit.working_time(), key)
    except Refused as refused:
        return _surveys(visit, given, refused)
    return visit.go_to(f"/surveys/{survey_id}?done=survey_drawn")


@router.get("/{survey_id}")
def show_survey(survey_id: SurveyId, visit: Visiting) -> HTMLResponse:
    """Show a survey by stratum, what qualifies its figures, and whether the draw gives the same again."""
    return _survey(visit, survey_id, {})


@router.post("/{survey_id}/send")
def send_survey(survey_id: SurveyId, visit: Visiting, _entries: Sent) -> Response:
    """Send a survey out."""
    send_survey_for(visit.store, visit.principal, survey_id, visit.working_time(), visit.settings.locale)
    return visit.go_to(f"/surveys/{survey_id}?done=survey_sent")


@router.post("/{survey_id}/call-off")
def call_off_survey(survey_id: SurveyId, visit: Visiting, entries: Sent) -> Response:
    """Call a survey off for a reason that its customers read."""
    refuse_others(visit.principal, PLANS_SURVEYS)
    given = entries.given()
    try:
        reason = filled(CallOff, given, reader_zone()).called_off_because
        call_off_survey_for(visit.store, visit.principal, survey_id, reason, visit.working_time())
    except Refused as refused:
        if refused.code == "unknown_survey":
            raise
        return _survey(visit, survey_id, given, refused)
    return visit.go_to(f"/surveys/{survey_id}?done=survey_called_off")


def _survey(visit: Visit, survey_id: int, entries: dict[str, str], refused: Refused | None = None) -> HTMLResponse:
    seen = survey_seen(visit.store, visit.principal, survey_id)
    survey, total = seen.report.survey, seen.report.total
    plans = bool(visit.principal.actor.roles & PLANS_SURVEYS) and survey.called_off_at is None
    values = {
        "seen": seen, "survey": survey, "section": survey_section(seen.report, visit.locale),
        "may_send": plans and (survey.sent_at is None or total.invited < survey.drawn),
        "may_call_off": plans and (total.invited < survey.drawn or total.open > 0),
        "fields": form_fields(CallOff, FormReader(visit.locale, SURVEY_INVITATION.kind), entries, refused),
        "why": refusal(visit.locale, refused, on_web=True) if refused else "",
    }  # fmt: skip
    return visit.page("survey.html", status_of(refused) if refused else 200, **values)


def _surveys(visit: Visit, entries: dict[str, str], refused: Refused | None = None) -> HTMLResponse:
    found = surveys_seen(visit.store, visit.principal)
    with visit.store.looking() as tx:
        packs = [(name, label(visit.locale, "contact", "pack", name)) for name in rules_in(tx).names(Sort.PACK)]
    kinds = [(kind, label(visit.locale, "", "kind", kind)) for kind in surveyed_kinds()]
    by_name = {"survey_pack": packs, "survey_kind": kinds}
    choices = Choices(by_name=by_name, proposed={"survey_period": periods_before(visit.at)})
    reader = FormReader(visit.locale, "", choices)
    values = {
        "fields": form_fields(SurveyForm, reader, entries, refused),
        "may_draw": bool(visit.principal.actor.roles & PLANS_SURVEYS),
        "why": refusal(visit.locale, refused, on_web=True) if refused else "",
        "title_of": lambda survey: survey_title(survey, visit.locale),
    }
    return visit.page("surveys.html", status_of(refused) if refused else 200, surveys=found, **values)
