"""The forms of a customer forum (D4): plan and draw, invitations, meeting, actions, and what customers were told."""

from typing import Annotated

from pydantic import Field

from models.exact_number import EXACT
from models.instants import Instant
from statemachines.form_model import (
    BORNE_CATEGORY,
    CUSTOMER_KIND,
    KNOWN_CASE,
    VARIABLE,
    WORKER,
    Attachments,
    Code,
    Department,
    Form,
    Handle,
    Number,
    Numbers,
    Past,
    Personal,
)

MOST_INVITED = 20
"""The most customers that one draw invites."""

Seats = Annotated[int, Field(ge=0, le=MOST_INVITED), EXACT, VARIABLE]
Count = Annotated[int, Field(ge=0), EXACT, VARIABLE]
CaseOfCustomer = Annotated[Number, KNOWN_CASE]
"""The number of a case; it stands for its customer, so that the record of the forum names nobody."""


class ForumPlan(Form):
    """What the forum is about, where and when it takes place, and from which customers the invitees are drawn.

    Without a part of the segment (``kind``, ``category``, ``customer_type``) every customer belongs to it. ``since`` is
    from when on his case was opened: by default within the year before. ``seats`` is how many are drawn.
    """

    topic: Personal
    place: Personal
    due_at: Annotated[Instant, VARIABLE]
    seats: Seats
    kind: Annotated[Code | None, CUSTOMER_KIND] = None
    category: Annotated[Code | None, BORNE_CATEGORY] = None
    customer_type: Code | None = None
    since: Instant | None = None


class Draw(Form):
    """Who was drawn: the newest case of each invitee, from how many customers, and by which seed.

    ``digest`` is SHA-256 over the population's keys, so that an auditor can draw again and compare.
    """

    invitees: Annotated[Numbers | None, VARIABLE] = None
    population: Count
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    seed: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Invitation(Form):
    """Whom the invitation goes to beside those that were drawn, by a case of each."""

    also_invited: Annotated[Numbers | None, VARIABLE] = None


class Invited(Form):
    """How many customers were invited, and how many of them no mail reached: they are called."""

    invited: Count
    not_reached: Count


class NewDate(Form):
    """The place and the date to which the forum is moved."""

    place: Personal
    due_at: Annotated[Instant, VARIABLE]


class Meeting(Form):
    """When the forum was held, whose customers came, and what was said: as text, and as a file if there is one."""

    met_at: Annotated[Past, VARIABLE]
    attendees: Annotated[Numbers | None, VARIABLE] = None
    minutes: Personal
    attachments: Attachments | None = None


class Action(Form):
    """What is done about a customer's word, by whom and by when. He reads ``action`` as it is written here."""

    said_by: CaseOfCustomer
    action: Personal
    department: Department
    owner: Annotated[Handle, WORKER]
    due_at: Instant


class ActionCase(Form):
    """The case that was opened for an action, and the case of the customer whose word it follows."""

    action_case: CaseOfCustomer
    said_by: CaseOfCustomer


class ActionEnd(ActionCase):
    """How the case of an action ended: with its effect verified, or without."""

    carried_out: bool


class Untold(Form):
    """The case of an action of whose end no mail reached the customer."""

    action_case: CaseOfCustomer


class Conversation(Untold):
    """What the customer was told of the action by somebody who spoke with him."""

    told: Personal


class Conclusion(Form):
    """What follows from the forum; also why, where no action does."""

    conclusion: Personal
