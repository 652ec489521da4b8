"""The lifecycle of a violation (F2, F3): reported, investigated, decided by others, published, perhaps disputed."""

from dataclasses import replace
from typing import Any

from statemachines.appeal_moves import AppealLost, AppealOpened, AppealWon
from statemachines.conflict_of_interest import STAFF, himself, is_known_as, names_none_of
from statemachines.customer_messages import undelivered_message
from statemachines.forms import FollowUp, Reason
from statemachines.guards import previous_state
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Facts, Guard, Lifecycle, Milestone, Move, Speech, State
from statemachines.roles import Role
from statemachines.shared_moves import attaching, everyday_moves
from statemachines.state_groups import before, in_group
from statemachines.violation_forms import (
    Accused,
    Charge,
    Conclusion,
    Dismissal,
    DismissalProposal,
    Evidence,
    Grounds,
    Notice,
    Penalty,
    Team,
    Telling,
    ToReporter,
    Verdict,
)

REPORTED, TAKEN_UP, INVESTIGATING = "reported", "taken_up", "investigating"
CONCLUDED, DECIDED, ANNOUNCED, SETTLED, ARCHIVED = "concluded", "decided", "announced", "settled", "archived"
DISMISSAL_REVIEW, DISMISSED = "dismissal_review", "dismissed"
APPEALED, CORRECTED = "appealed", "corrected"

SYSTEM = Role.SYSTEM

STATES = (
    State(REPORTED, Milestone.RECEIVED, owner=Role.QUALITY_TEAM, groups=("dismissible",)),
    State(TAKEN_UP, Milestone.CLASSIFIED, owner=Role.EVALUATION_GROUP, groups=("dismissible",)),
    State(DISMISSAL_REVIEW, Milestone.CLASSIFIED, owner=Role.EVALUATION_GROUP),
    State(
        INVESTIGATING,
        Milestone.INVESTIGATED,
        owner=Role.INVESTIGATION_TEAM,
        groups=("dismissible",),
        person="lead_investigator",
    ),
    State(CONCLUDED, Milestone.INVESTIGATED, owner=Role.DEPARTMENT_MANAGER),
    State(DECIDED, Milestone.RESOLVED, owner=Role.HR, groups=("disputable",)),
    State(APPEALED, Milestone.RESOLVED, owner=SYSTEM, unwatched="the appeal is a case with its own timer"),
    State(CORRECTED, Milestone.RESOLVED, owner=Role.DEPARTMENT_MANAGER),
    State(ANNOUNCED, Milestone.RESOLVED, owner=SYSTEM, groups=("disputable",)),
    State(SETTLED, Milestone.REVISITED, owner=SYSTEM),
    State(ARCHIVED, Milestone.ARCHIVED, final=True),
    State(DISMISSED, Milestone.ARCHIVED, final=True),
)

DISMISSIBLE = in_group(STATES, "dismissible")
"""Where it may turn out that there is nothing in the report."""
DISPUTABLE = in_group(STATES, "disputable")
"""Where the accused may dispute the decision."""
OPEN = before(STATES, Milestone.REVISITED)

SUPERVISION = (Role.QUALITY_TEAM, Role.EVALUATION_GROUP, Role.HR)
TEAM = (Role.INVESTIGATION_TEAM,)
FORMERS = (Role.EVALUATION_GROUP, Role.HR)
DECIDERS = (Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER, Role.HR)
PUBLISHERS = (*DECIDERS, Role.EVALUATION_GROUP)
PEOPLE = (*SUPERVISION, *TEAM, Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER)

ACCUSED = ("accused",)
"""Nobody works on his own case; he only disputes or accepts what was decided."""
INVESTIGATED, INVESTIGATOR = ("take_up", "add_evidence", "conclude"), ("lead_investigator",)
"""Whoever did this, or was to lead it, does not decide (F3)."""
PENALTIES = list(Penalty)


def _proven_and_whole(facts: Facts, form: Any) -> bool:
    proven = facts.variables.get("proven") is True and facts.variables.get("accused") is not None
    return (form.penalty is Penalty.NONE or proven) and (form.penalty is Penalty.FINE) == (form.fine > 0)


def _no_harsher(facts: Facts, form: Any) -> bool:
    was = Penalty(facts.variables.get("penalty", Penalty.NONE))
    lighter = PENALTIES.index(form.penalty) < PENALTIES.index(was)
    same = form.penalty is was and form.fine <= facts.variables.get("fine", 0)
    return (lighter or same) and _proven_and_whole(facts, form)


def _wanted(facts: Facts, done: str) -> bool:
    """Return whether this is still to be done for the latest decision; each is published and told once."""
    return facts.variables.get(done, 0) < facts.variables.get("decisions", 0)


def _disputable(facts: Facts) -> bool:
    return _wanted(facts, "appeals")


accuses_another = Guard("accuses_another", lambda facts, form: not facts.actor or form.accused != facts.actor)
impartial_lead = Guard("impartial_lead", lambda facts, form: names_none_of(form.lead_investigator, facts, ACCUSED))
leads_the_team = Guard("leads_the_team", lambda facts, form: is_known_as(facts, "lead_investigator"))
warranted = Guard("warranted", _proven_and_whole)
not_harsher = Guard("not_harsher", _no_harsher)
published_first = Guard("published_first", lambda facts, form: _wanted(facts, "published") and _wanted(facts, "told"))
published_last = Guard("published_last", lambda facts, form: _wanted(facts, "published") and not _wanted(facts, "told"))
told_first = Guard("told_first", lambda facts, form: _wanted(facts, "told") and _wanted(facts, "published"))
told_last = Guard("told_last", lambda facts, form: _wanted(facts, "told") and not _wanted(facts, "published"))
undisputed = Guard("undisputed", lambda facts, form: _disputable(facts))
accused_disputes = Guard("accused_disputes", lambda facts, form: is_known_as(facts, "accused") and _disputable(facts))
no_window = Guard("no_window", lambda facts, form: not facts.has_limit("appeal_window"))

VIOLATION = Lifecycle(
    kind="violation",
    prefix="vi",
    initial=REPORTED,
    natures=("report",),
    internal=True,
    decisions=("decide", "amend_decision"),
    preparations=("conclude",),
    readers=(*PEOPLE, Role.AUDITOR),
    hidden_from=ACCUSED,
    states=STATES,
    moves=(
        Move("take_up", (REPORTED,), TAKEN_UP, roles=SUPERVISION, form=Charge, guard=accuses_another),
        *(
            Move("form_team", (source,), dest, roles=FORMERS, form=Team, guard=impartial_lead, recused=ACCUSED)
            for source, dest in ((TAKEN_UP, INVESTIGATING), (INVESTIGATING, STAY))
        ),
        Move(
            "name_accused",
            (TAKEN_UP, INVESTIGATING),
            STAY,
            roles=(*TEAM, *SUPERVISION),
            form=Accused,
            guard=accuses_another,
            recused=ACCUSED,
        ),
        Move("add_evidence", (INVESTIGATING,), STAY, roles=TEAM, form=Evidence, recused=ACCUSED),
        Move(
            "conclude", (INVESTIGATING,), CONCLUDED, roles=TEAM, form=Conclusion, guard=leads_the_team, recused=ACCUSED
        ),
        Move(
            "send_back",
            (CONCLUDED,),
            INVESTIGATING,
            roles=DECIDERS,
            form=Reason,
            reopens=True,
            clears=("degree", "proven"),
            separate_from=INVESTIGATED,
            recused=(*ACCUSED, *INVESTIGATOR),
        ),
        Move(
            "decide",
            (CONCLUDED,),
            DECIDED,
            roles=DECIDERS,
            form=Verdict,
            guard=warranted,
            separate_from=INVESTIGATED,
            recused=(*ACCUSED, *INVESTIGATOR),
            counts="decisions",
        ),
        # Announced once it is published inside and the affected customer was told, in either order.
        *(
            Move(
                name,
                (DECIDED,),
                dest,
                roles=PUBLISHERS,
                form=form,
                guard=guard,
                counts=done,
                recused=ACCUSED,
                speaks=Speech(("message",), "violation_decided", customer_of="affected") if form is Telling else None,
            )
            for name, form, done, first, last in (
                ("publish_inside", Notice, "published", published_first, published_last),
                ("tell_customer", Telling, "told", told_first, told_last),
                ("nobody_affected", Reason, "told", told_first, told_last),
            )
            for dest, guard in ((STAY, first), (ANNOUNCED, last))
        ),
        Move("close_appeals", (ANNOUNCED,), SETTLED, roles=(SYSTEM,)),
        # Where the rules leave open until when an appeal is lodged, no timer ends the wait: HR does, with a reason.
        Move("end_appeals", (ANNOUNCED,), SETTLED, roles=(Role.HR,), form=Reason, guard=no_window, recused=ACCUSED),
        Move("accept_decision", (ANNOUNCED,), SETTLED, roles=STAFF, guard=himself("accused")),
        Move("archive", (SETTLED,), ARCHIVED, roles=(SYSTEM,)),
        # The accused disputes the decision, once; an appeal decides, and what it corrects is published again.
        Move("appeal", DISPUTABLE, APPEALED, roles=STAFF, form=Grounds, guard=accused_disputes, counts="appeals"),
        Move("appealed", DISPUTABLE, APPEALED, roles=(SYSTEM,), form=AppealOpened, guard=undisputed, counts="appeals"),
        Move("appeal_upheld", (APPEALED,), CORRECTED, roles=(SYSTEM,), form=AppealWon),
        *(
            Move("appeal_dismissed", (APPEALED,), state, roles=(SYSTEM,), form=AppealLost, guard=previous_state(state))
            for state in DISPUTABLE
        ),
        Move(
            "amend_decision",
            (CORRECTED,),
            DECIDED,
            roles=DECIDERS,
            form=Verdict,
            guard=not_harsher,
            separate_from=INVESTIGATED,
            recused=(*ACCUSED, *INVESTIGATOR),
            counts="decisions",
        ),
        # A report is dropped by two people, and whoever reported is told why (A7).
        Move(
            "propose_dismissal",
            DISMISSIBLE,
            DISMISSAL_REVIEW,
            roles=(*SUPERVISION, *TEAM),
            form=DismissalProposal,
            recused=ACCUSED,
        ),
        Move(
            "dismiss",
            (DISMISSAL_REVIEW,),
            DISMISSED,
            roles=SUPERVISION,
            form=Dismissal,
            separate_from=("propose_dismissal",),
            recused=ACCUSED,
            speaks=Speech(("told",), "report_dismissed", or_nobody=True),
        ),
        *(
            Move(
                "take_on",
                (DISMISSAL_REVIEW,),
                state,
                roles=SUPERVISION,
                form=Reason,
                guard=previous_state(state),
                recused=ACCUSED,
            )
            for state in DISMISSIBLE
        ),
        # Whoever reported without a name reads and writes by his receipt code; nothing is sent to him.
        Move("write_to_reporter", OPEN, STAY, roles=(*SUPERVISION, *TEAM), form=ToReporter, recused=ACCUSED),
        Move("reporter_writes", OPEN, STAY, roles=(Role.CUSTOMER,), form=FollowUp),
        *undelivered_message(STATES, PEOPLE, ACCUSED),
        Move("acknowledge", OPEN, STAY, roles=(SYSTEM,)),
        *(replace(row, recused=ACCUSED) for row in everyday_moves(OPEN, PEOPLE)),
        *(replace(row, recused=ACCUSED) for row in attaching(STATES, (*PEOPLE, Role.CUSTOMER))),
    ),
    clauses=(
        Clause("investigation", during=(*DISMISSIBLE, DISMISSAL_REVIEW), met_by=("conclude",), internal=True),
        Clause("decision", during=(CONCLUDED, CORRECTED), met_by=("decide", "amend_decision"), internal=True),
        Clause(
            "publish",
            during=(DECIDED,),
            pauses=(APPEALED,),
            started_by=("decide", "amend_decision"),
            met_by=("publish_inside",),
            internal=True,
        ),
        Clause(
            "tell_affected_customer",
            during=(DECIDED,),
            pauses=(APPEALED,),
            started_by=("decide", "amend_decision"),
            met_by=("tell_customer", "nobody_affected"),
            internal=True,
        ),
        Clause(
            "appeal_window",
            during=(ANNOUNCED,),
            pauses=(APPEALED,),
            started_by=("publish_inside", "tell_customer", "nobody_affected"),
            then="close_appeals",
            internal=True,
        ),
        Clause("archive", during=(SETTLED,), then="archive"),
    ),
)

lawful(VIOLATION)
