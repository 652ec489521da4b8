"""The lifecycle of a person's appraisal (E6, E4): commissioned, computed, shown to him, disputed or accepted, final."""

from typing import Annotated

from pydantic import Field

from models.exact_number import EXACT
from models.instants import Instant
from statemachines.appeal_moves import AppealLost, AppealOpened, AppealWon
from statemachines.conflict_of_interest import STAFF, himself, is_known_as
from statemachines.form_model import ON_CASE, VARIABLE, Code, Department, Form, Handle, Numbers, PeriodName, Personal
from statemachines.forms import Reason
from statemachines.guards import all_of
from statemachines.laws import lawful
from statemachines.lifecycle import Clause, Facts, Guard, Lifecycle, Milestone, Move, State
from statemachines.roles import MANAGERS, Role
from statemachines.shared_moves import attaching, everyday_moves
from statemachines.state_groups import before, in_group

OPENED, COMMISSIONED, SHOWN, APPEALED = "opened", "commissioned", "shown", "appealed"
SETTLED, ARCHIVED, CANCELLED = "settled", "archived", "cancelled"

SYSTEM = Role.SYSTEM

STATES = (
    State(OPENED, Milestone.RECEIVED, owner=Role.HR),
    State(COMMISSIONED, Milestone.CLASSIFIED, owner=SYSTEM),
    State(SHOWN, Milestone.RESOLVED, owner=SYSTEM, groups=("correctable",)),
    State(APPEALED, Milestone.RESOLVED, owner=SYSTEM, unwatched="the appeal is a case with its own timer"),
    State(SETTLED, Milestone.REVISITED, owner=SYSTEM, groups=("correctable",)),
    State(ARCHIVED, Milestone.ARCHIVED, final=True),
    State(CANCELLED, Milestone.ARCHIVED, final=True),
)

LIVE = before(STATES, Milestone.ARCHIVED)
CORRECTABLE = in_group(STATES, "correctable")
"""Where a score of conduct that is corrected has the appraisal computed again."""

ASSESSORS = (Role.HR, Role.EVALUATION_GROUP, Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER)
READERS = (Role.HR, Role.EVALUATION_GROUP, *MANAGERS)
APPRAISED = ("appraised",)
"""Nobody has a part in his own appraisal but to accept it or to appeal (F3)."""


class Commission(Form):
    """Who is appraised, and for which period."""

    appraised: Annotated[Handle, VARIABLE]
    period: Annotated[PeriodName, VARIABLE]
    department: Annotated[Department | None, ON_CASE] = None


class Figures(Form):
    """What was computed, as of when, by the formula of which edition of the pack.

    ``appraisal_score`` is in hundredths of a point of 100, over the weights of what was observed alone; there is none
    where nothing was. ``observed`` is the sum of these weights, of 100. ``figures`` has a part for each weight: codes
    and numbers between colons (name, weight, value, sample, interval, note). ``listed`` are the first cases behind
    them, of ``cases_behind`` in all.
    """

    as_of: Annotated[Instant, VARIABLE]
    edition: Annotated[str, VARIABLE]
    appraisal_score: Annotated[int | None, Field(ge=0, le=10_000), EXACT, VARIABLE] = None
    observed: Annotated[int, Field(ge=0, le=100), EXACT, VARIABLE]
    figures: Annotated[str, VARIABLE]
    cases_behind: Annotated[int, Field(ge=0), EXACT, VARIABLE]
    listed: Annotated[Numbers | None, VARIABLE] = None


class ConductCorrected(Form):
    """The first cases with a contact whose score of conduct was corrected since the figures were computed."""

    because_of: Annotated[Numbers, VARIABLE]


class NotComputed(Form):
    """The code of the reason why there are no figures."""

    code: Code


class Objection(Form):
    """Why the person disputes his appraisal."""

    grounds: Personal


def _disputable(facts: Facts) -> bool:
    """Return whether nobody has appealed against the figures that are shown; new ones may be appealed against again."""
    return facts.variables.get("appeals", 0) < facts.variables.get("drawings", 0)


appraises_another = Guard("appraises_another", lambda facts, form: not facts.actor or form.appraised != facts.actor)
undisputed = Guard("undisputed", lambda facts, form: _disputable(facts))
appraised_disputes = all_of(
    "appraised_disputes", Guard("is_appraised", lambda facts, form: is_known_as(facts, "appraised")), undisputed
)

APPRAISAL = Lifecycle(
    kind="appraisal",
    prefix="pa",
    initial=OPENED,
    internal=True,
    decisions=("commission", "recompute"),
    readers=(*READERS, Role.AUDITOR),
    shown_to=APPRAISED,
    states=STATES,
    moves=(
        Move("commission", (OPENED,), COMMISSIONED, roles=ASSESSORS, form=Commission, guard=appraises_another),
        # Nobody types a figure: the system computes it by the pack's formula, or says why it cannot.
        Move("draw_up", (COMMISSIONED,), SHOWN, roles=(SYSTEM,), form=Figures, counts="drawings"),
        Move("not_computed", (COMMISSIONED,), OPENED, roles=(SYSTEM,), form=NotComputed),
        Move("accept", (SHOWN,), SETTLED, roles=STAFF, guard=himself("appraised")),
        Move("close_appeals", (SHOWN,), SETTLED, roles=(SYSTEM,)),
        Move("appeal", (SHOWN,), APPEALED, roles=STAFF, form=Objection, guard=appraised_disputes, counts="appeals"),
        Move("appealed", (SHOWN,), APPEALED, roles=(SYSTEM,), form=AppealOpened, guard=undisputed, counts="appeals"),
        Move("appeal_upheld", (APPEALED,), COMMISSIONED, roles=(SYSTEM,), form=AppealWon),
        Move("appeal_dismissed", (APPEALED,), SHOWN, roles=(SYSTEM,), form=AppealLost),
        # After an appeal against something that counts in it was won, or a record was corrected.
        Move("recompute", (SHOWN,), COMMISSIONED, roles=ASSESSORS, form=Reason, recused=APPRAISED),
        # A corrected score of conduct counts like a won appeal, also after the person has accepted.
        Move("conduct_corrected", CORRECTABLE, COMMISSIONED, roles=(SYSTEM,), form=ConductCorrected),
        Move("archive", (SETTLED,), ARCHIVED, roles=(SYSTEM,)),
        Move("cancel", (OPENED,), CANCELLED, roles=ASSESSORS, form=Reason, recused=APPRAISED),
        *everyday_moves(LIVE, READERS),
        *attaching(STATES, READERS),
    ),
    clauses=(
        Clause("appraisal_figures", (OPENED, COMMISSIONED), met_by=("draw_up",), internal=True),
        Clause("appraisal_window", (SHOWN,), pauses=(APPEALED,), then="close_appeals", internal=True),
        Clause("archive", (SETTLED,), then="archive"),
    ),
)

lawful(APPRAISAL)
