"""The lifecycle of a customer forum (D4, 客户座谈会): planned, invited, held, followed up, and closed.

Market and service invite and hold it, operations decide what is done, the evaluation group closes it (F3).
"""

from statemachines import forum_forms as forms
from statemachines.forms import Reason
from statemachines.guards import all_of
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Facts, Guard, Lifecycle, Milestone, Move, State
from statemachines.roles import MANAGERS, Role
from statemachines.shared_moves import attaching, everyday_moves
from statemachines.state_groups import before, in_group

RECEIVED, PLANNED, INVITED = "received", "planned", "invited"
HELD, FOLLOWED_UP = "held", "followed_up"
ARCHIVED, CALLED_OFF = "archived", "called_off"

SYSTEM, GROUP = Role.SYSTEM, Role.EVALUATION_GROUP

STATES = (
    State(RECEIVED, Milestone.RECEIVED, owner=Role.MARKET, groups=("to_be_held",)),
    State(PLANNED, Milestone.CLASSIFIED, owner=Role.MARKET, groups=("to_be_held", "dated")),
    State(INVITED, Milestone.INVESTIGATED, owner=Role.MARKET, groups=("to_be_held", "dated")),
    State(HELD, Milestone.RESOLVED, owner=Role.OPERATIONS, groups=("with_actions",)),
    State(FOLLOWED_UP, Milestone.REVISITED, owner=GROUP, groups=("with_actions",)),
    State(ARCHIVED, Milestone.ARCHIVED, final=True),
    State(CALLED_OFF, Milestone.ARCHIVED, final=True),
)

LIVE = before(STATES, Milestone.ARCHIVED)
TO_BE_HELD, DATED, WITH_ACTIONS = (in_group(STATES, name) for name in ("to_be_held", "dated", "with_actions"))

HOSTS = (Role.MARKET, Role.AGENT, Role.KEY_ACCOUNT_MANAGER, *MANAGERS)
"""Who plans and holds a forum, and speaks with the customers afterwards."""
PEOPLE = (*HOSTS, Role.OPERATIONS, Role.QUALITY_TEAM, GROUP)


def _cases(facts: Facts, name: str) -> set[str]:
    return set(facts.variables.get(name, "").split())


def _each_ended(facts: Facts) -> bool:
    """Return whether each action that was decided has a case, and each of these cases has ended."""
    opened, ended = _cases(facts, "actions"), _cases(facts, "actions_ended")
    return len(opened) == facts.variables.get("actions_decided", 0) and opened <= ended


invitees_drawn = Guard("invitees_drawn", lambda facts, form: "population" in facts.variables)
actions_ended = Guard("actions_ended", lambda facts, form: _each_ended(facts))
words_answered = Guard(
    "words_answered", lambda facts, form: _cases(facts, "untold_actions") <= _cases(facts, "answered_actions")
)

FORUM = Lifecycle(
    kind="forum",
    prefix="fo",
    initial=RECEIVED,
    internal=True,
    states=STATES,
    moves=(
        Move("plan", (RECEIVED,), PLANNED, roles=HOSTS, form=forms.ForumPlan),
        # Whom to invite is drawn by the system: see flows/reactions/forum.py.
        Move("draw", (PLANNED,), STAY, roles=(SYSTEM,), form=forms.Draw),
        Move("invite", (PLANNED,), INVITED, roles=HOSTS, form=forms.Invitation, guard=invitees_drawn),
        Move("count_invited", (INVITED, HELD), STAY, roles=(SYSTEM,), form=forms.Invited),
        Move("move_date", DATED, STAY, roles=HOSTS, form=forms.NewDate),
        Move("hold", (INVITED,), HELD, roles=HOSTS, form=forms.Meeting),
        Move(
            "decide_action", (HELD,), STAY, roles=(Role.OPERATIONS,), form=forms.Action, separate_from=("hold",),
            counts="actions_decided",
        ),
        Move(
            "open_action", WITH_ACTIONS, STAY, roles=(SYSTEM,), form=forms.ActionCase,
            collects=("action_case", "actions"),
        ),
        Move(
            "end_action", WITH_ACTIONS, STAY, roles=(SYSTEM,), form=forms.ActionEnd,
            collects=("action_case", "actions_ended"),
        ),
        Move("count_untold", WITH_ACTIONS, STAY, roles=(SYSTEM,), form=forms.Untold,
             collects=("action_case", "untold_actions")),
        Move(
            "tell_by_hand", WITH_ACTIONS, STAY, roles=HOSTS, form=forms.Conversation,
            collects=("action_case", "answered_actions"),
        ),
        Move(
            "follow_up", (HELD,), FOLLOWED_UP, roles=(Role.OPERATIONS,), form=forms.Conclusion, separate_from=("hold",)
        ),
        Move(
            "finish", (FOLLOWED_UP,), ARCHIVED, roles=(GROUP,), form=forms.Conclusion,
            guard=all_of("followed_through", actions_ended, words_answered),
            separate_from=("plan", "hold", "decide_action", "follow_up"),
        ),
        Move("call_off", TO_BE_HELD, CALLED_OFF, roles=(Role.MARKET, *MANAGERS), form=Reason),
        *everyday_moves(LIVE, PEOPLE),
        *attaching(STATES, PEOPLE),
    ),
    clauses=(
        Clause("forum_planning", (RECEIVED,), met_by=("plan",), internal=True),
        Clause("forum_invitation", (PLANNED,), met_by=("invite",), internal=True),
        Clause(
            "forum_meeting", DATED, met_by=("hold",), started_by=("plan", "move_date"), due_field="due_at",
            restarts=True, internal=True,
        ),
        Clause("forum_actions", (HELD,), met_by=("follow_up",), internal=True),
        Clause("forum_closing", (FOLLOWED_UP,), met_by=("finish",), internal=True),
    ),
)  # fmt: skip

lawful(FORUM)
