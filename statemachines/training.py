"""The lifecycle of one person's training (J1, J2): proposed, planned, attended, examined, certified until it ends."""

from statemachines import training_forms as forms
from statemachines.forms import Reason
from statemachines.guards import above, all_of, within
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Facts, Guard, Lifecycle, Milestone, Move, State
from statemachines.roles import MANAGERS, Role
from statemachines.shared_moves import attaching, everyday_moves
from statemachines.state_groups import before, in_group

PROPOSED, PLANNED, ATTENDED = "proposed", "planned", "attended"
PASSED, FAILED = "passed", "failed"
CERTIFIED, RENEWAL_DUE, LAPSED = "certified", "renewal_due", "lapsed"
ARCHIVED, CANCELLED = "archived", "cancelled"

SYSTEM, HR = Role.SYSTEM, Role.HR

STATES = (
    State(PROPOSED, Milestone.RECEIVED, owner=Role.TEAM_SUPERVISOR, groups=("unexamined",)),
    State(PLANNED, Milestone.CLASSIFIED, owner=HR, groups=("unexamined",)),
    State(ATTENDED, Milestone.INVESTIGATED, owner=Role.QUALITY_TEAM, groups=("unexamined",)),
    State(FAILED, Milestone.INVESTIGATED, owner=HR, groups=("unexamined",)),
    State(PASSED, Milestone.RESOLVED, owner=HR),
    State(CERTIFIED, Milestone.REVISITED, owner=SYSTEM, groups=("holding",)),
    State(RENEWAL_DUE, Milestone.REVISITED, owner=Role.TEAM_SUPERVISOR, groups=("holding",)),
    State(LAPSED, Milestone.REVISITED, owner=Role.TEAM_SUPERVISOR),
    State(ARCHIVED, Milestone.ARCHIVED, final=True),
    State(CANCELLED, Milestone.ARCHIVED, final=True),
)

UNEXAMINED = in_group(STATES, "unexamined")
"""Where the course or its examination is still to come."""
HOLDING = in_group(STATES, "holding")
"""Where the trainee holds the certificate of the course."""
LIVE = before(STATES, Milestone.ARCHIVED)

OFFICE = (HR, *MANAGERS)
EXAMINERS = (Role.QUALITY_TEAM, HR, *MANAGERS)
PEOPLE = (HR, *MANAGERS, Role.QUALITY_TEAM, Role.EVALUATION_GROUP)
TRAINEE = ("trainee",)
"""The trainee neither examines nor certifies himself (F3)."""
RESULTS = ("theory", "practice", "attitude")
LIMIT = "exam_failed"
"""The bound of the pack: a part of the examination with so many points or fewer is not passed."""


def _dated(facts: Facts, form: forms.Certificate) -> bool:
    """Return whether both dates are given, in order and still to come, or neither is."""
    if form.valid_until is None or form.renew_from is None:
        return form.valid_until is form.renew_from
    return form.renew_from < form.valid_until and (facts.at is None or facts.at < form.valid_until)


trainee_named = Guard("trainee_named", lambda facts, form: "trainee" in facts.variables)
passed = all_of("passed", *(above(LIMIT, part) for part in RESULTS))
not_passed = Guard(
    "not_passed", lambda facts, form: any(within(LIMIT, part).holds(facts, form) for part in RESULTS), (LIMIT,)
)
"""Not the contrary of ``passed``: without a bound neither holds, and nobody fails. See Note [Blank bounds]."""
dated = Guard("dated", _dated)

TRAINING = Lifecycle(
    kind="training",
    prefix="tr",
    initial=PROPOSED,
    internal=True,
    readers=(*PEOPLE, Role.AUDITOR),
    shown_to=TRAINEE,
    states=STATES,
    moves=(
        Move("propose", (PROPOSED,), STAY, roles=(*PEOPLE, SYSTEM), form=forms.Enrolment),
        Move("name_trainee", (PROPOSED,), STAY, roles=OFFICE, form=forms.Trainee),
        *(
            Move("plan", (source,), dest, roles=OFFICE, form=forms.Schedule, guard=trainee_named, recused=TRAINEE)
            for source, dest in ((PROPOSED, PLANNED), (PLANNED, STAY))
        ),
        Move("attend", (PLANNED,), ATTENDED, roles=EXAMINERS, form=forms.Attendance, recused=TRAINEE),
        *(
            Move("examine", (ATTENDED,), dest, roles=EXAMINERS, form=forms.Examination, guard=guard, recused=TRAINEE)
            for dest, guard in ((PASSED, passed), (FAILED, not_passed))
        ),
        Move(
            "retest",
            (FAILED,),
            PLANNED,
            roles=OFFICE,
            form=forms.Retest,
            recused=TRAINEE,
            clears=RESULTS,
            counts="retests",
        ),
        # The certificate is given by somebody else than the examiner; a course without one is completed.
        Move(
            "certify",
            (PASSED,),
            CERTIFIED,
            roles=(HR, Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER),
            form=forms.Certificate,
            guard=dated,
            separate_from=("examine",),
            recused=TRAINEE,
        ),
        Move("finish", (PASSED,), ARCHIVED, roles=OFFICE, recused=TRAINEE),
        # The certificate is to be renewed, and ends: by its timers, or because it is withdrawn or replaced.
        Move("fall_due", (CERTIFIED,), RENEWAL_DUE, roles=(SYSTEM,)),
        Move("expire", HOLDING, LAPSED, roles=(SYSTEM,)),
        Move("revoke", HOLDING, LAPSED, roles=OFFICE, form=Reason, recused=TRAINEE),
        Move("supersede", (*HOLDING, LAPSED), ARCHIVED, roles=(SYSTEM,), form=forms.Superseded),
        # The supervisor decides what becomes of the open cases of somebody without a certificate; none moves by itself.
        Move("list_open_cases", (LAPSED,), STAY, roles=(SYSTEM,), form=forms.OpenCases),
        Move("rule_on_cases", (LAPSED,), ARCHIVED, roles=MANAGERS, form=forms.Ruling, recused=TRAINEE),
        Move("judge_effect", (PASSED, *HOLDING), STAY, roles=EXAMINERS, form=forms.Lasting, recused=TRAINEE),
        Move("cancel", UNEXAMINED, CANCELLED, roles=OFFICE, form=Reason, recused=TRAINEE),
        *everyday_moves(LIVE, PEOPLE),
        *attaching(STATES, PEOPLE),
    ),
    clauses=(
        Clause("training_planning", (PROPOSED,), met_by=("plan",), internal=True),
        Clause(
            "training_attendance",
            (PLANNED,),
            met_by=("attend",),
            started_by=("plan", "retest"),
            due_field="due_at",
            restarts=True,
            internal=True,
        ),
        Clause("training_examination", (ATTENDED,), met_by=("examine",), internal=True),
        Clause("training_result", (PASSED, FAILED), met_by=("certify", "finish", "retest"), internal=True),
        Clause(
            "certificate_renewal",
            (CERTIFIED,),
            then="fall_due",
            started_by=("certify",),
            due_field="renew_from",
            internal=True,
        ),
        Clause(
            "certificate_validity",
            HOLDING,
            then="expire",
            started_by=("certify",),
            due_field="valid_until",
            internal=True,
        ),
        Clause("cases_of_the_uncertified", (LAPSED,), met_by=("rule_on_cases",), internal=True),
    ),
)

lawful(TRAINING)
