"""The lifecycle of one invitation to a periodic survey (E1): invited by letter, call or visit, answered once or not."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from models.exact_number import EXACT
from models.visible_text import plain_line, seen
from statemachines.form_model import NO_NUL, VARIABLE, Code, Form
from statemachines.forms import SurveyWay
from statemachines.laws import lawful
from statemachines.lifecycle import Clause, Guard, Lifecycle, Milestone, Move, State
from statemachines.roles import INVESTIGATORS, MANAGERS, Role
from statemachines.shared_moves import attaching, called_back, calling_in_vain, disputing, everyday_moves
from statemachines.state_groups import before, in_group

DRAWN, TO_INVITE, TO_CALL, TO_VISIT = "drawn", "to_invite", "to_call", "to_visit"
INVITED, REMINDED, REMINDED_AGAIN = "invited", "reminded", "reminded_again"
ANSWERED, ARCHIVED = "answered", "archived"
UNANSWERED, UNREACHED, DECLINED, CALLED_OFF = "unanswered", "unreached", "declined", "called_off"

SYSTEM, GROUP = Role.SYSTEM, Role.EVALUATION_GROUP

STATES = (
    State(DRAWN, Milestone.RECEIVED, owner=SYSTEM, unwatched="the system chooses the way in the same run"),
    State(TO_INVITE, Milestone.RECEIVED, owner=SYSTEM, groups=("asked",)),
    State(INVITED, Milestone.RESOLVED, owner=Role.CUSTOMER, groups=("asked", "written_to")),
    State(REMINDED, Milestone.RESOLVED, owner=Role.CUSTOMER, groups=("asked", "written_to")),
    State(REMINDED_AGAIN, Milestone.RESOLVED, owner=Role.CUSTOMER, groups=("asked", "written_to")),
    State(TO_CALL, Milestone.RESOLVED, owner=Role.AGENT, groups=("asked", "sought")),
    State(TO_VISIT, Milestone.RESOLVED, owner=Role.AGENT, groups=("asked", "sought")),
    State(ANSWERED, Milestone.REVISITED, owner=SYSTEM),
    State(ARCHIVED, Milestone.ARCHIVED, final=True),
    State(UNANSWERED, Milestone.ARCHIVED, final=True),
    State(UNREACHED, Milestone.ARCHIVED, final=True),
    State(DECLINED, Milestone.ARCHIVED, final=True),
    State(CALLED_OFF, Milestone.ARCHIVED, final=True),
)

ASKED = in_group(STATES, "asked")
"""Where the answer is awaited, by whatever door it comes."""
WRITTEN_TO = in_group(STATES, "written_to")
"""Where a letter has gone out: silence is then an answer that was not given."""
SOUGHT = in_group(STATES, "sought")
"""Where somebody of ours still has to meet or call the customer: silence is then that nobody reached him."""
OPEN = (DRAWN, *ASKED)
"""Where an invitation still awaits its answer, or the choice of a way: it ends when its survey is called off."""
LIVE = before(STATES, Milestone.ARCHIVED)

INTERVIEWERS = (*INVESTIGATORS, Role.QUALITY_TEAM, Role.MARKET)
"""Who calls and visits customers, and enters their answers."""
CALLERS = (*INTERVIEWERS, SYSTEM)
REVIEWERS = (Role.QUALITY_TEAM, GROUP)
"""Who marks an answer as doubtful, with evidence, and who clears it."""
PEOPLE = (*INTERVIEWERS, GROUP)
ASKING = (*INTERVIEWERS, Role.CUSTOMER)


class Lot(Form):
    """The survey for which the customer was drawn, from which stratum, and how he is asked."""

    survey: Annotated[int, Field(ge=1), EXACT, VARIABLE]
    stratum: Annotated[Code, VARIABLE]
    way: Annotated[SurveyWay, VARIABLE]


class Refusal(Form):
    """The customer does not want to answer; ``never`` says that he wants to be asked in no survey any more."""

    never: Annotated[bool, VARIABLE] = False


ReasonForCustomers = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=NO_NUL),
    AfterValidator(seen),
    AfterValidator(plain_line),
]
"""Why a survey was called off, in a line that every invited customer reads; it names nobody."""


class CallOff(Form):
    """Why the survey was called off, as the customer reads it."""

    called_off_because: Annotated[ReasonForCustomers, VARIABLE]


def _by(way: SurveyWay) -> Guard:
    return Guard(f"by_{way}", lambda facts, form: form.way is way)


BEGINS = {SurveyWay.LINK: TO_INVITE, SurveyWay.PHONE: TO_CALL, SurveyWay.FACE_TO_FACE: TO_VISIT}
"""The state in which an invitation waits first, by the way in which the customer is asked."""

SURVEY_INVITATION = Lifecycle(
    kind="survey_invitation",
    prefix="si",
    by_contact=False,
    initial=DRAWN,
    states=STATES,
    moves=(
        # An invitation that somebody opened by hand is asked as the group says; it belongs to no draw.
        *(
            Move("choose_way", (DRAWN,), state, roles=(GROUP, SYSTEM), form=Lot, guard=_by(way))
            for way, state in BEGINS.items()
        ),
        # Each letter goes out in the hours of its clause's calendar, because its timer falls due in them.
        Move("invite", (TO_INVITE,), INVITED, roles=(SYSTEM,)),
        Move("remind_customer", (INVITED,), REMINDED, roles=(SYSTEM,)),
        Move("remind_customer_again", (REMINDED,), REMINDED_AGAIN, roles=(SYSTEM,)),
        Move("letter_failed", WRITTEN_TO, UNREACHED, roles=(SYSTEM,)),
        # One answer, by whatever door: the move leaves every state in which one is awaited.
        *called_back(((state, ANSWERED, None, False) for state in ASKED), CALLERS, ()),
        *calling_in_vain(TO_CALL, UNREACHED, CALLERS, ()),
        Move("decline", ASKED, DECLINED, roles=ASKING, form=Refusal),
        Move("expire", (TO_INVITE, *SOUGHT), UNREACHED, roles=(SYSTEM,)),
        Move("expire", WRITTEN_TO, UNANSWERED, roles=(SYSTEM,)),
        Move("call_off", OPEN, CALLED_OFF, roles=(GROUP, SYSTEM), form=CallOff),
        *disputing((ANSWERED, ARCHIVED), REVIEWERS, ("revisit",)),
        Move("archive", (ANSWERED,), ARCHIVED, roles=(SYSTEM, *MANAGERS)),
        *everyday_moves(LIVE, PEOPLE),
        *attaching(STATES, PEOPLE),
    ),
    clauses=(
        Clause("survey_letter", (TO_INVITE,), then="invite", internal=True),
        Clause("survey_reminder", (INVITED,), then="remind_customer", internal=True),
        Clause("survey_last_reminder", (REMINDED,), then="remind_customer_again", internal=True),
        Clause("survey_answer", ASKED, then="expire", internal=True),
        Clause("archive", (ANSWERED,), then="archive"),
    ),
)

lawful(SURVEY_INVITATION)
