"""The route that says how many people keep which promise, simulated by the record."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from apps.api.caller import Called
from apps.api.case_documents import Input
from apps.api.responses import READ
from apps.principal_staffing import (
    DEFAULT,
    LEAST_RUNS,
    MOST_DEMAND,
    MOST_SHIFT,
    StaffingAsked,
    question_of,
    staffing_seen,
)
from apps.staffing_documents import staffing_document
from engine.access.principal import Scope

router = APIRouter(tags=["reports"])

NAME = 100
"""The longest name of a pack or department."""


class StaffingQuery(Input):
    """The roster or demand that is compared with now, and which cases are read."""

    pack: str | None = Field(default=None, max_length=NAME)
    department: str | None = Field(default=None, max_length=NAME)
    people: str | None = Field(default=None, max_length=5, examples=["+2"])
    shift: int = Field(default=0, ge=-MOST_SHIFT, le=MOST_SHIFT)
    demand: float = Field(default=1.0, ge=0, le=MOST_DEMAND)
    runs: int = Field(default=DEFAULT.runs, ge=LEAST_RUNS, le=DEFAULT.runs)
    seed: int = Field(default=DEFAULT.seed, ge=0, le=2**31)
    target: float = Field(default=100 * DEFAULT.target, ge=0, le=100, description="In percent.")


class StaffingAnswer(BaseModel):
    """The check on the past first, then what is foretold, by the cases that the caller may read."""

    figures: dict[str, Any] = Field(description="As `closeloop staffing --json` prints it.")


@router.get("/staffing", responses=READ)
def show_staffing(query: Annotated[StaffingQuery, Query()], caller: Called) -> StaffingAnswer:
    """Simulate how many people keep which promise; it takes some seconds, and nothing is written."""
    caller.needs(Scope.READ_REPORTS)
    asked = StaffingAsked(**query.model_dump())
    answer = staffing_seen(caller.store, caller.principal, asked, caller.at)
    return StaffingAnswer(figures=staffing_document(answer, question_of(asked), caller.at))
