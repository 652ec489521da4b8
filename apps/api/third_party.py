"""Routes of evaluations by third parties: scores handed in, and their comparison with our own figures (E1)."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from apps.api.caller import Called
from apps.api.case_documents import Input
from apps.api.responses import READ, WRITE
from apps.principal_third_party import evaluations_seen, scores_recorded
from apps.third_party_documents import evaluation_document
from engine.access.principal import Scope
from engine.third_party import GivenScores
from reports.indicators.periods import period_of
from statemachines.third_party_evaluation import MOST_SCORES

router = APIRouter(prefix="/third-party-evaluations", tags=["reports"])

Name = Annotated[str, Field(max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]


class NewScore(Input):
    """What a department was given for a criterion, in hundredths of a point of 100."""

    department: Name
    criterion: Name = Field(description="One of the criteria of the pack; each is an indicator.")
    score: int = Field(ge=0, le=10_000, examples=[6250])


class NewScores(Input):
    """The scores of an evaluation; with `case` they are those of a planned one, or correct its scores."""

    pack: str = Field(default="logistics", max_length=40)
    assessor: str = Field(max_length=100, examples=["SGS"])
    announcement: Literal["planned", "unannounced"]
    period: str = Field(max_length=10, examples=["2026-Q1"])
    case: str | None = Field(default=None, max_length=40)
    scores: list[NewScore] = Field(min_length=1, max_length=MOST_SCORES)


class RecordedScoresDocument(BaseModel):
    """The evaluation that holds the scores; `new` is false where the same scores had been recorded before."""

    number: str
    new: bool


class ComparedScoreDocument(BaseModel):
    """A score beside our own figure, in hundredths of a point of 100; `sample` is that of our figure."""

    department: str
    criterion: str
    theirs: int
    ours: int | None
    difference: int | None
    sample: int
    verdict: Literal["within", "gap", "small", "no_figure"]


class FollowedUpDocument(BaseModel):
    """A finding that a gap opened, or an improvement plan that came of it."""

    number: str
    kind: str
    state: str
    closed: bool


class ThirdPartyEvaluationDocument(BaseModel):
    """An evaluation by a third party, its comparison with our own figures, and what became of the gaps."""

    number: str
    pack: str
    state: str
    assessor: str
    announcement: str | None
    period: str
    gap_limit: int | None = Field(description="How many points a score may be below our own figure.")
    figures_at: datetime | None
    rows: list[ComparedScoreDocument]
    follow_up: list[FollowedUpDocument]


class ThirdPartyEvaluations(BaseModel):
    """The evaluations that the caller may read, the newest first."""

    evaluations: list[ThirdPartyEvaluationDocument]


@router.post("", responses=WRITE)
def record_third_party_scores(body: NewScores, caller: Called) -> RecordedScoresDocument:
    """Record the scores of a third party. The same scores again change nothing."""
    scores = [f"{each.department}:{each.criterion}:{each.score}" for each in body.scores]
    period = period_of(body.period).name
    given = GivenScores(body.pack, body.assessor, body.announcement, period, scores, body.case)
    recorded = scores_recorded(caller.store, caller.principal, given, caller.working_time())
    return RecordedScoresDocument(number=recorded.number, new=recorded.new)


@router.get("", responses=READ)
def list_third_party_evaluations(
    caller: Called, period: Annotated[str | None, Query(max_length=10, examples=["2026-Q1"])] = None
) -> ThirdPartyEvaluations:
    """List the evaluations by third parties, each score beside our own figure."""
    caller.needs(Scope.READ_CASES)
    wanted = None if period is None else period_of(period).name
    found = evaluations_seen(caller.store, caller.principal, caller.at, wanted)
    documents = [ThirdPartyEvaluationDocument(**evaluation_document(each)) for each in found]
    return ThirdPartyEvaluations(evaluations=documents)
