"""The lifecycle of a customer's evaluation: assessed as it was given, answered in time, disputed but never hidden."""

from enum import StrEnum
from typing import Annotated, Any

from statemachines.appeal_moves import appealable
from statemachines.customer_messages import WithFiles, undelivered_message
from statemachines.form_model import ON_CASE, VARIABLE, Department, Form, Handle, Number, Personal, Score
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Facts, Guard, Lifecycle, Milestone, Move, Speech, State
from statemachines.roles import INVESTIGATORS, MANAGERS, Role
from statemachines.shared_moves import attaching, disputing, everyday_moves
from statemachines.state_groups import before, in_group

RECEIVED, ASSESSED, ANSWERED = "received", "assessed", "answered"
ARCHIVED, WITHDRAWN = "archived", "withdrawn"

SYSTEM = Role.SYSTEM

STATES = (
    State(RECEIVED, Milestone.RECEIVED, owner=Role.AGENT),
    State(ASSESSED, Milestone.CLASSIFIED, owner=Role.TEAM_SUPERVISOR, groups=("reviewable",)),
    State(ANSWERED, Milestone.RESOLVED, owner=SYSTEM, groups=("reviewable",)),
    State(ARCHIVED, Milestone.ARCHIVED, final=True),
    State(WITHDRAWN, Milestone.ARCHIVED, final=True),
)

REVIEWABLE = in_group(STATES, "reviewable")
"""Where it is known what the evaluation says and whom it is about."""
LIVE = before(STATES, Milestone.ARCHIVED)

PEOPLE = (*INVESTIGATORS, Role.QUALITY_TEAM)
COLLECTING = (Role.AGENT, Role.MARKET, *MANAGERS, Role.IMPORT)
"""Who takes an evaluation down; others analyse, others again review (F3)."""
REVIEWERS = (Role.QUALITY_TEAM, Role.EVALUATION_GROUP)
EVALUATED = "evaluated"
"""The case variable that holds the handle of the person evaluated, who takes no part in the case (F3)."""

NEGATIVE_UP_TO = 2
"""One score of two or less of five makes an evaluation negative, whatever the others say (E8)."""


class Tone(StrEnum):
    POSITIVE = "positive"
    MIXED = "mixed"
    NEGATIVE = "negative"


class Assessment(Form):
    """What the customer's evaluation says, by dimension from one to five, and whom it is about.

    Everything but the tone is optional: an evaluation is open with or without an order (E8).
    """

    tone: Annotated[Tone, VARIABLE]
    timeliness: Annotated[Score | None, VARIABLE] = None
    intact_goods: Annotated[Score | None, VARIABLE] = None
    attitude: Annotated[Score | None, VARIABLE] = None
    quality: Annotated[Score | None, VARIABLE] = None
    about: Annotated[Number | None, VARIABLE] = None
    evaluated: Annotated[Handle | None, VARIABLE] = None
    department: Annotated[Department | None, ON_CASE] = None

    @property
    def scores(self) -> list[int]:
        """Return the scores that were given."""
        scores = (self.timeliness, self.intact_goods, self.attitude, self.quality)
        return [score for score in scores if score is not None]


class EvaluationReply(WithFiles):
    """What the customer is told, and the measure that his evaluation led to (E7)."""

    measure: Personal
    message: Personal


class Withdrawal(Form):
    """The customer's own wish, in his words."""

    wish: Personal


def _as_given(facts: Facts, form: Any) -> bool:
    hidden = form.tone is not Tone.NEGATIVE and min(form.scores, default=NEGATIVE_UP_TO + 1) <= NEGATIVE_UP_TO
    return not hidden and (form.evaluated is None or form.evaluated != facts.actor)


as_given = Guard("as_given", _as_given)


def _is_negative(facts: Facts) -> bool:
    return facts.variables.get("tone") == Tone.NEGATIVE


negative = Guard("negative", lambda facts, form: _is_negative(facts))
not_negative = Guard("not_negative", lambda facts, form: not _is_negative(facts))

EVALUATION = Lifecycle(
    kind="evaluation",
    prefix="ev",
    initial=RECEIVED,
    natures=("evaluation",),
    decisions=("assess",),
    states=STATES,
    moves=(
        Move("assess", (RECEIVED,), ASSESSED, roles=COLLECTING, form=Assessment, guard=as_given),
        *(
            Move(
                "answer",
                (source,),
                dest,
                roles=PEOPLE,
                form=EvaluationReply,
                recused=(EVALUATED,),
                speaks=Speech(("message",)),
            )
            for source, dest in ((ASSESSED, ANSWERED), (ANSWERED, STAY))  # again, where the first did not arrive
        ),
        *undelivered_message(STATES),
        Move("archive", (ANSWERED,), ARCHIVED, roles=(*MANAGERS, SYSTEM)),
        # A doubt is marked by somebody else than who took it down or answered it, and cleared by yet another (E8, F3).
        *disputing(REVIEWABLE, REVIEWERS, ("assess", "answer"), (EVALUATED,)),
        # Only the customer takes it back. Not before it is known whom it is about: that person may not record it. Of a
        # negative one a reviewer records it, who neither took it down nor answered it (E8).
        Move(
            "withdraw",
            REVIEWABLE,
            WITHDRAWN,
            roles=(Role.AGENT,),
            form=Withdrawal,
            guard=not_negative,
            recused=(EVALUATED,),
        ),
        Move(
            "withdraw",
            REVIEWABLE,
            WITHDRAWN,
            roles=REVIEWERS,
            form=Withdrawal,
            guard=negative,
            separate_from=("assess", "answer"),
            recused=(EVALUATED,),
        ),
        # What is done without the evaluation moving on.
        Move("acknowledge", LIVE, STAY, roles=(SYSTEM,)),
        *appealable((*REVIEWABLE, ARCHIVED, WITHDRAWN)),
        *everyday_moves(LIVE, (*PEOPLE, Role.MARKET, Role.EVALUATION_GROUP)),
        *attaching(STATES, (*PEOPLE, Role.MARKET, Role.EVALUATION_GROUP)),
    ),
    clauses=(
        Clause("answer_evaluation", during=LIVE, met_by=("answer",), answers=True),
        Clause("archive", during=(ANSWERED,), then="archive"),
    ),
)

lawful(EVALUATION)
