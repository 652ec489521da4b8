"""The lifecycle of a third party's evaluation (E1): planned or not, scored, compared with our figures."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from models.exact_number import EXACT
from models.instants import Instant
from models.visible_text import plain_line, seen
from statemachines.form_model import NO_NUL, VARIABLE, Code, Form, PeriodName
from statemachines.forms import Reason
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Lifecycle, Milestone, Move, State
from statemachines.roles import MANAGERS, Role
from statemachines.shared_moves import attaching, everyday_moves
from statemachines.state_groups import before

OPENED, PLANNED, SCORED, COMPARED = "opened", "planned", "scored", "compared"
ARCHIVED, CANCELLED = "archived", "cancelled"

SYSTEM, GROUP = Role.SYSTEM, Role.EVALUATION_GROUP

STATES = (
    State(OPENED, Milestone.RECEIVED, owner=Role.MARKET),
    State(PLANNED, Milestone.CLASSIFIED, owner=Role.MARKET),
    State(SCORED, Milestone.INVESTIGATED, owner=SYSTEM),
    State(COMPARED, Milestone.RESOLVED, owner=GROUP),
    State(ARCHIVED, Milestone.ARCHIVED, final=True),
    State(CANCELLED, Milestone.ARCHIVED, final=True),
)

LIVE = before(STATES, Milestone.ARCHIVED)

COLLECTING = (Role.MARKET, Role.OPERATIONS, Role.THIRD_PARTY_ASSESSOR)
"""Who hands in what a third party scored; whoever reviews it is none of them (F3)."""
PEOPLE = (Role.MARKET, Role.OPERATIONS, Role.QUALITY_TEAM, GROUP, *MANAGERS)

CELL = r"[a-z][a-z0-9_]{0,39}:[a-z][a-z0-9_]{0,39}:(10000|[0-9]{1,4})"
MOST_SCORES = 500
Scores = Annotated[str, StringConstraints(pattern=rf"^{CELL}( {CELL}){{0,{MOST_SCORES - 1}}}$")]
"""Scores in hundredths of a point of 100, separated by blanks, each as ``department:criterion:score``."""
Organisation = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=NO_NUL),
    AfterValidator(seen),
    AfterValidator(plain_line),
]
"""The name of the organisation that evaluates; no person's."""


class Announcement(StrEnum):
    """Whether the departments knew of the evaluation beforehand."""

    PLANNED = "planned"
    UNANNOUNCED = "unannounced"


class Visit(Form):
    """Who evaluates which period, and when the scores are to be there."""

    assessor: Annotated[Organisation, VARIABLE]
    period: Annotated[PeriodName, VARIABLE]
    due_at: Annotated[Instant, VARIABLE]


class AssessorScores(Form):
    """What the third party found, and of which period."""

    assessor: Annotated[Organisation, VARIABLE]
    announcement: Annotated[Announcement, VARIABLE]
    period: Annotated[PeriodName, VARIABLE]
    scores: Scores


class Comparison(Form):
    """The scores beside our own figures, as of when, by which edition of the pack.

    ``comparison`` has a row for each score: codes and numbers between colons (department, criterion, theirs, ours,
    sample, note), scores in hundredths. ``gap_limit`` is in points, ``gaps`` how many rows exceed it.
    """

    figures_at: Annotated[Instant, VARIABLE]
    edition: Annotated[str, VARIABLE]
    gap_limit: Annotated[int, Field(gt=0, le=100), EXACT, VARIABLE]
    gaps: Annotated[int, Field(ge=0), EXACT, VARIABLE]
    comparison: Annotated[str, VARIABLE]


class NotCompared(Form):
    """The code of the reason why nothing was compared."""

    code: Code


THIRD_PARTY_EVALUATION = Lifecycle(
    kind="third_party_evaluation",
    prefix="te",
    initial=OPENED,
    internal=True,
    states=STATES,
    moves=(
        *(
            Move("plan_visit", (source,), dest, roles=(Role.MARKET, GROUP), form=Visit)
            for source, dest in ((OPENED, PLANNED), (PLANNED, STAY))
        ),
        # Scores that the third party corrects are recorded again; the comparison before stays in the history.
        Move("record_scores", (OPENED, PLANNED, COMPARED), SCORED, roles=COLLECTING, form=AssessorScores),
        Move("compare", (SCORED,), COMPARED, roles=(SYSTEM,), form=Comparison),
        Move("not_compared", (SCORED,), OPENED, roles=(SYSTEM,), form=NotCompared),
        Move("archive", (COMPARED,), ARCHIVED, roles=(GROUP, SYSTEM)),
        Move("cancel", (OPENED, PLANNED), CANCELLED, roles=(Role.MARKET, GROUP), form=Reason),
        *everyday_moves(LIVE, PEOPLE),
        *attaching(STATES, PEOPLE),
    ),
    clauses=(
        Clause(
            "third_party_visit",
            (PLANNED,),
            met_by=("record_scores",),
            started_by=("plan_visit",),
            due_field="due_at",
            restarts=True,
            internal=True,
        ),
        Clause("third_party_comparison", (OPENED, SCORED), (PLANNED,), met_by=("compare",), internal=True),
        Clause("archive", (COMPARED,), then="archive"),
    ),
)

lawful(THIRD_PARTY_EVALUATION)
