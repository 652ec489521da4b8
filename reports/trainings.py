"""Trainings (J1, J2): who holds which certificate until when, what a year's plan holds, and what came of it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.access.condition import EVERY_CASE, Condition
from engine.commands.certificates import holders, required_certificate
from engine.retired_names import recorded_as
from engine.rules.in_force import rules_in
from engine.rules.pack_sections import Staffing
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.training import HOLDING, LAPSED, TRAINING, UNEXAMINED

TRAININGS = """
SELECT c.number, c.state, c.department, c.variables, c.opened_at, (
       SELECT min(t.fires_at) FROM timer t
        WHERE t.case_id = c.id AND t.closed_at IS NULL AND t.clause IN ({validity})) AS ends_at
  FROM cases c WHERE c.kind = :kind AND ({scope}) ORDER BY c.id
"""
VARIABLES = "SELECT variables FROM cases WHERE number = :number"
OPEN_CASES = """
SELECT c.number FROM cases c WHERE c.owner = :handle AND NOT c.closed AND c.kind IN ({kinds}) ORDER BY c.id
"""


@dataclass(frozen=True, slots=True)
class Training:
    """A training: of whom, in which course, and where it stands; ``ends_at`` is when its certificate ends."""

    number: str
    state: str
    department: str | None
    course: str
    trainee: str | None
    plan_year: int
    retests: int
    lasting: bool | None
    ends_at: datetime | None

    @property
    def held(self) -> bool:
        """Return whether the trainee holds the certificate of the course."""
        return self.state in HOLDING


@dataclass(frozen=True, slots=True)
class PlannedCourse:
    """A course in a year's plan: how many were to take it, and what came of it.

    ``attended`` took part, ``passed`` passed the examination, ``certified`` hold the certificate, ``retests`` were
    needed; ``lasting`` of ``judged`` trainings showed an effect in the work.
    """

    course: str
    department: str | None
    enrolled: int
    attended: int
    passed: int
    certified: int
    retests: int
    judged: int
    lasting: int


def trainings(tx: Tx, scope: Condition = EVERY_CASE) -> list[Training]:
    """Return the trainings of a condition that say whom or what they are about, oldest first."""
    return [training for training, _ in _read(tx, scope)]


def training_plan(tx: Tx, year: int, scope: Condition = EVERY_CASE) -> list[PlannedCourse]:
    """Return the courses of a year's plan, by course and department."""
    groups: dict[tuple[str, str], list[tuple[Training, Mapping[str, Any]]]] = {}
    for training, variables in _read(tx, scope):
        if training.plan_year == year:
            groups.setdefault((training.course, training.department or ""), []).append((training, variables))
    return [_course(course, department or None, groups[course, department]) for course, department in sorted(groups)]


def has_proposal(store: Store, course: str, number: str) -> bool:
    """Return whether a training in the course was proposed because of a case."""
    with store.looking() as tx:
        return any(
            training.course == course and number in variables.get("because_of", "").split()
            for training, variables in _read(tx, EVERY_CASE)
        )


def is_under_way(
    store: Store, course: str, trainee: str | None, department: str | None, number: str | None = None
) -> bool:
    """Return whether a training in the course is under way for the person, or for a department that names nobody.

    With a ``number`` that training alone counts, also while it does not say yet what it is about.
    """
    with store.looking() as tx:
        if number is not None and not _says_what(tx, number):
            return True
        return any(
            each.state in UNEXAMINED and each.course == course and each.trainee == trainee
            and (trainee is not None or each.department == department)
            and number in {None, each.number}
            for each in trainings(tx)
        )  # fmt: skip


def certificates_before(store: Store, number: str, course: str, trainee: str) -> list[str]:
    """Return the other trainings in which a person holds, or held until it lapsed, the certificate of the course."""
    with store.looking() as tx:
        return [
            each.number for each in trainings(tx)
            if each.state in {*HOLDING, LAPSED} and (each.course, each.trainee) == (course, trainee)
            and each.number != number
        ]  # fmt: skip


def open_cases_of(store: Store, handle: str) -> list[str]:
    """Return the numbers of the open customers' cases that somebody has."""
    kinds = ", ".join(f"'{table.kind}'" for table in lifecycles().values() if not table.internal)
    with store.looking() as tx:
        return [row.number for row in tx.rows(OPEN_CASES.format(kinds=kinds), handle=handle)]


def staffing_of(store: Store, pack: str, at: datetime) -> Staffing | None:
    """Return what the pack in force asks of the people who work on customers' cases."""
    with store.looking() as tx:
        return rules_in(tx).pack(pack, to_micros(at)).staffing


def certified_for(store: Store, pack: str, at: datetime) -> set[str] | None:
    """Return who holds the certificate that the pack asks for; None where it asks for none."""
    with store.looking() as tx:
        course = required_certificate(rules_in(tx).pack(pack, to_micros(at)))
        return None if course is None else holders(tx, course, to_micros(at))


def _says_what(tx: Tx, number: str) -> bool:
    row = tx.row(VARIABLES, number=number)
    return "course" in lifecycle_of(TRAINING.kind).resolver.variables(json.loads(row.variables))


def _read(tx: Tx, scope: Condition) -> Iterator[tuple[Training, Mapping[str, Any]]]:
    table = lifecycle_of(TRAINING.kind)
    sql = TRAININGS.format(validity=recorded_as("clause", "certificate_validity"), scope=scope.sql)
    for row in tx.rows(sql, kind=TRAINING.kind, **scope.values):
        variables = table.resolver.variables(json.loads(row.variables))
        if "course" in variables:
            yield _training(row, table.resolver.state(row.state), variables), variables


def _training(row: Any, state: str, variables: Mapping[str, Any]) -> Training:
    return Training(
        number=row.number,
        state=state,
        department=row.department,
        course=variables["course"],
        trainee=variables.get("trainee"),
        plan_year=variables.get("plan_year") or _year_of(row, variables),
        retests=variables.get("retests", 0),
        lasting=variables.get("lasting"),
        ends_at=None if row.ends_at is None else from_micros(row.ends_at),
    )


def _year_of(row: Any, variables: Mapping[str, Any]) -> int:
    """Return the year of the date that was planned; of a training without one, that in which it was proposed."""
    due = variables.get("due_at")
    return (datetime.fromisoformat(due) if due else from_micros(row.opened_at)).year


def _course(course: str, department: str | None, found: list[tuple[Training, Mapping[str, Any]]]) -> PlannedCourse:
    judged = [training.lasting for training, _ in found if training.lasting is not None]
    return PlannedCourse(
        course=course,
        department=department,
        enrolled=len(found),
        attended=sum("attended" in variables for _, variables in found),
        passed=sum("theory" in variables and training.state not in UNEXAMINED for training, variables in found),
        certified=sum(training.held for training, _ in found),
        retests=sum(training.retests for training, _ in found),
        judged=len(judged),
        lasting=sum(judged),
    )
