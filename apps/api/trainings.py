"""Routes of trainings: the courses of a year's plan, and who holds which certificate until when (J1, J2)."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from apps.api.caller import Called
from apps.api.responses import READ
from apps.principal_trainings import certificates_seen, plan_seen
from engine.access.principal import Scope

router = APIRouter(prefix="/trainings", tags=["reports"])

Year = Annotated[int | None, Query(ge=2000, le=2199, description="Without it the present year.")]


class CourseDocument(BaseModel):
    """A course of the plan: how many were to take it in a department, and what came of it."""

    course: str
    department: str | None
    enrolled: int
    attended: int
    passed: int
    certified: int
    retests: int
    judged: int = Field(description="Trainings of which somebody said whether they had an effect in the work.")
    lasting: int = Field(description="Those that had one.")


class TrainingPlan(BaseModel):
    """The courses of a year, over the trainings that the caller may read."""

    year: int
    courses: list[CourseDocument]


class CertificateDocument(BaseModel):
    """A certificate: of whom, of which course, until when, and the training by its number."""

    number: str
    trainee: str | None
    course: str
    department: str | None
    state: str
    ends_at: datetime | None


class Certificates(BaseModel):
    """The certificates that are held, the first to end first."""

    certificates: list[CertificateDocument]


@router.get("/plan", responses=READ)
def show_training_plan(caller: Called, year: Year = None) -> TrainingPlan:
    """Show the courses of a year's plan: enrolled, attended, passed, certified, and whether it lasted."""
    caller.needs(Scope.READ_CASES)
    chosen = year or caller.at.year
    found = plan_seen(caller.store, caller.principal, chosen, caller.at)
    return TrainingPlan(year=chosen, courses=[CourseDocument(**asdict(each)) for each in found])


@router.get("/certificates", responses=READ)
def list_certificates(caller: Called) -> Certificates:
    """List the certificates that are held, as far as the caller may read the trainings."""
    caller.needs(Scope.READ_CASES)
    found = certificates_seen(caller.store, caller.principal, caller.at)
    names = CertificateDocument.model_fields
    documents = [{name: getattr(each, name) for name in names} for each in found]
    return Certificates(certificates=[CertificateDocument(**each) for each in documents])
