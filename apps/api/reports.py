"""Routes that return reports as JSON: the monthly analysis, the surveys, what is claimed back."""

from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from apps.api.caller import Called
from apps.api.case_documents import Input
from apps.api.responses import READ
from apps.evaluation_documents import evaluation_document
from apps.greeting_documents import greetings_document
from apps.principal_care import greetings_seen
from apps.principal_evaluation import evaluation_seen
from apps.principal_reports import READS_FIGURES, recoveries_seen, refuse_others
from apps.principal_supervision import evaluation_supervision_seen, record_audit_seen
from apps.record_audit_documents import record_audit_document, supervision_document
from apps.report_documents import analysis_document, evaluation_figures_document, survey_document
from engine.access.principal import Scope
from locales.zone import reader_zone
from models.columns import to_micros
from reports.complaint_analysis import gather as gather_analysis
from reports.complaint_analysis import month_of, shifted
from reports.evaluation_figures import evaluation_figures
from reports.greeting_list import GreetingOutcome
from reports.survey_figures import gather as gather_surveys
from statemachines.refused import Refused

router = APIRouter(prefix="/reports", tags=["reports"])

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
Day = Annotated[date | None, Field(ge=date(1970, 1, 1), le=date(2199, 12, 31))]


class Report(BaseModel):
    """A report. Its figures are those that `closeloop` prints with `--json`; they count cases and name no person."""

    at: datetime
    figures: dict[str, Any]


class Claim(BaseModel):
    """A claim against whoever caused a damage; amounts in fen."""

    number: str
    complaint: str | None
    claimed: int
    recovered: int
    written_off: int
    outstanding: int
    state: str


class Claims(BaseModel):
    """What is claimed back, of the cases that the caller may read."""

    recoveries: list[Claim]


class AnalysisQuery(Input):
    """Which month; without one the last."""

    month: str | None = Field(default=None, pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2026-02"])


class PeriodQuery(Input):
    """From which day to which; without them all of the time."""

    since: Day = None
    until: Day = None


@router.get("/analysis", responses=READ)
def analysis(query: Annotated[AnalysisQuery, Query()], caller: Called) -> Report:
    """Return the complaints of a month: root causes, recurrences, measures, how they were handled."""
    caller.needs(Scope.READ_REPORTS)
    refuse_others(caller.principal, READS_FIGURES)
    caller.read_in_own_zone()
    current = month_of(caller.at)
    first = shifted(current, -1) if query.month is None else date.fromisoformat(f"{query.month}-01")
    if first > current:
        raise Refused("bad_month", value=f"{first:%Y-%m}")
    found = analysis_document(gather_analysis(caller.store, caller.at, first))
    return Report(at=caller.at, figures=_without_numbers(found))


class EvaluationQuery(Input):
    """Which month, quarter or year, without one the last quarter; and as of which instant, without one now."""

    period: str | None = Field(default=None, max_length=40, examples=["2026-Q1"])
    as_of: AwareDatetime | None = None


@router.get("/evaluation", responses=READ)
def evaluation(query: Annotated[EvaluationQuery, Query()], caller: Called) -> Report:
    """Return the evaluation of a period: figures beside the period before, causes by numbers, improvement plans."""
    caller.needs(Scope.READ_REPORTS)
    caller.read_in_own_zone()
    report = evaluation_seen(caller.store, caller.principal, query.period, query.as_of or caller.at, caller.at)
    return Report(at=caller.at, figures=_without_numbers(evaluation_document(report)))


class RecordAuditFigures(BaseModel):
    """The audit of the records of all cases closed in a period; the case numbers are those that the caller may read."""

    at: datetime
    audit: dict[str, Any] = Field(description="As `closeloop audit completeness --json` prints it.")


class EvaluationDoubts(BaseModel):
    """What casts doubt on the evaluation of a period; the case numbers are those that the caller may read."""

    at: datetime
    supervision: dict[str, Any] = Field(description="As `closeloop audit evaluation --json` prints it.")


class Greetings(BaseModel):
    """The greetings of a period; a customer is named by a case of his that the caller may read."""

    at: datetime
    greetings: dict[str, Any] = Field(description="As `closeloop care list --json` prints it.")


class GreetingQuery(Input):
    """Which month, quarter or year, without one the running month; those listed perhaps of one outcome."""

    period: str | None = Field(default=None, max_length=40, examples=["2026-05"])
    outcome: GreetingOutcome | None = None


@router.get("/greetings", responses=READ)
def greetings(query: Annotated[GreetingQuery, Query()], caller: Called) -> Greetings:
    """Return who was greeted on holidays and birthdays, who was not and why, by month, and who withdrew."""
    caller.needs(Scope.READ_REPORTS)
    caller.needs(Scope.READ_CASES)
    caller.read_in_own_zone()
    seen = greetings_seen(caller.store, caller.principal, query.period, query.outcome, caller.at)
    return Greetings(at=caller.at, greetings=greetings_document(seen))


class AuditQuery(Input):
    """Which month, quarter or year, without one the last month; and as of which instant, without one now."""

    period: str | None = Field(default=None, max_length=40, examples=["2026-05"])
    as_of: AwareDatetime | None = None


@router.get("/record-audit", responses=READ)
def record_audit(query: Annotated[AuditQuery, Query()], caller: Called) -> RecordAuditFigures:
    """Return which records of the cases closed in a period are whole, and what the others lack."""
    caller.needs(Scope.READ_REPORTS)
    caller.needs(Scope.READ_CASES)
    seen = record_audit_seen(caller.store, caller.principal, query.period, query.as_of or caller.at, caller.at)
    return RecordAuditFigures(at=caller.at, audit=record_audit_document(seen))


@router.get("/evaluation-supervision", responses=READ)
def supervise_evaluation(query: Annotated[AuditQuery, Query()], caller: Called) -> EvaluationDoubts:
    """Return what casts doubt on the evaluation of a period, each with its cases."""
    caller.needs(Scope.READ_REPORTS)
    caller.needs(Scope.READ_CASES)
    as_of = query.as_of or caller.at
    seen = evaluation_supervision_seen(caller.store, caller.principal, query.period, as_of, caller.at)
    return EvaluationDoubts(at=caller.at, supervision=supervision_document(seen))


@router.get("/surveys", responses=READ)
def surveys(query: Annotated[PeriodQuery, Query()], caller: Called) -> Report:
    """Return what customers answered, by kind of case and question."""
    caller.needs(Scope.READ_REPORTS)
    refuse_others(caller.principal, READS_FIGURES)
    caller.read_in_own_zone()
    begin = BEGINNING if query.since is None else _midnight(query.since)
    end = caller.at + timedelta.resolution if query.until is None else _midnight(query.until + timedelta(days=1))
    found = gather_surveys(caller.store, begin, end)
    with caller.store.looking() as tx:
        given = evaluation_figures_document(evaluation_figures(tx, *map(to_micros, (begin, end, caller.at))))
    kinds = list(map(survey_document, found))
    return Report(at=caller.at, figures={"since": begin, "until": end, "kinds": kinds, "evaluations": given})


@router.get("/recoveries", responses=READ)
def recoveries(caller: Called) -> Claims:
    """Return what is claimed back because of complaints, and what has come in of it."""
    caller.needs(Scope.READ_CASES)
    found = recoveries_seen(caller.store, caller.principal, caller.at)
    return Claims(recoveries=[Claim(**asdict(each), outstanding=each.outstanding) for each in found])


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), reader_zone())


def _without_numbers(figures: Any) -> Any:
    """Return figures without the numbers of cases, of which the reader may not know."""
    if isinstance(figures, dict):
        return {name: _without_numbers(value) for name, value in figures.items() if name not in ("number", "numbers")}
    return [_without_numbers(each) for each in figures] if isinstance(figures, list | tuple) else figures
