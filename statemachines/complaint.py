"""The whole life of a complaint (B1-B6): received to archived, with its waits, its rounds and its ends."""

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from statemachines.asks import ON_CASE, Asks, Code, Handle, Percent, Personal, RungFired, Score
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Facts, Guard, Lifecycle, Milestone, Move, State
from statemachines.roles import DESK, INVESTIGATORS, MANAGERS, TOP_LEVEL, Role

RECEIVED, CLASSIFIED, INVESTIGATED = "received", "classified", "investigated"
RESOLVED, REVISITED, ARCHIVED = "resolved", "revisited", "archived"
WAITING = "waiting_for_customer"
MERGED, WITHDRAWN, REFUSED, REFERRED = "merged", "withdrawn", "refused", "referred"

WORKING = (RECEIVED, CLASSIFIED, INVESTIGATED)
OPEN = (*WORKING, RESOLVED, WAITING)
LIVE = (*OPEN, REVISITED)

SYSTEM, IMPORT = Role.SYSTEM, Role.IMPORT
PEOPLE = (*INVESTIGATORS, Role.QUALITY_TEAM)


class Severity(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Classification(Asks):
    """Nature, severity and the department it goes to (A3)."""

    category: Annotated[Code, ON_CASE]
    severity: Annotated[Severity, ON_CASE] = Severity.NORMAL
    department: Annotated[Code | None, ON_CASE] = None
    confidence: Percent | None = None


class Suggestion(Asks):
    """What the rules would say but are not sure of; a person decides (A3)."""

    category: Code
    severity: Severity = Severity.NORMAL
    department: Code | None = None
    confidence: Percent


class Assignment(Asks):
    """The department, and the person by handle, that now has the work (B10)."""

    department: Annotated[Code, ON_CASE]
    owner: Annotated[Handle | None, ON_CASE] = None
    reason: Personal | None = None


class Findings(Asks):
    """What the department found out (B2)."""

    findings: Personal
    cause: Code | None = None


class Message(Asks):
    """A person's words to the customer: what keeps a promise to reply (A5)."""

    message: Personal


class Proposal(Asks):
    """The solution as it was told to the customer (A5)."""

    solution: Personal


class Resolution(Asks):
    """The result of the handling."""

    result: Personal


class Opinion(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NONE = "none"


class Result(Asks):
    """The result told, and the customer's opinion of it (B2)."""

    opinion: Opinion
    words: Personal | None = None


class Outcome(StrEnum):
    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"


class Survey(Asks):
    """What the customer said at the callback (D2). A score that was not given stays empty."""

    outcome: Outcome
    timeliness: Score | None = None
    intact_goods: Score | None = None
    attitude: Score | None = None
    quality: Score | None = None
    words: Personal | None = None


class Unanswered(StrEnum):
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    WRONG_NUMBER = "wrong_number"
    NO_NUMBER = "no_number"


class Attempt(Asks):
    """A callback that reached nobody; ``attempts`` counts them in this cycle (D1)."""

    attempts: Annotated[int, Field(ge=1), ON_CASE]
    reason: Unanswered = Unanswered.NO_ANSWER


class Question(Asks):
    """What the customer is asked for; the clocks rest meanwhile (A4)."""

    question: Personal


class Answer(Asks):
    """What the customer added."""

    answer: Personal


class Reason(Asks):
    """Why, in words."""

    reason: Personal


class RefusalReason(StrEnum):
    NOT_OURS = "not_ours"
    NO_FACTS = "no_facts"
    ALREADY_SETTLED = "already_settled"
    IN_COURT = "in_court"


class Refusal(Asks):
    """A refusal to take the contact on: coded, reviewed, and told to the customer (A7)."""

    code: RefusalReason
    told: Personal


class Merge(Asks):
    """The case that goes on in this one's stead (A6)."""

    into: Annotated[str, Field(pattern=r"^[a-z]{2}-\d{2}-\d{6,}$")]


class Note(Asks):
    """A remark for colleagues."""

    note: Personal


class Progress(Asks):
    """A note on progress to the complainant (B8)."""

    progress: Personal


class Promise(Asks):
    """A promise made to the customer, and when it falls due (B9)."""

    promise: Personal
    due_at: AwareDatetime


class Escalation(Asks):
    """A person raises the case to a level (B6)."""

    level: Annotated[int, Field(ge=1, le=TOP_LEVEL), ON_CASE]
    reason: Personal


def came_from(state: str) -> Guard:
    """The customer's answer leads back to where the question was asked."""
    return Guard(f"came_from_{state}", lambda facts, form: facts.came_from == state)


def _rounds_left(facts: Facts) -> bool:
    return facts.max_rounds is None or facts.cycle < facts.max_rounds


satisfied = Guard("satisfied", lambda facts, form: form.outcome is Outcome.SATISFIED)
another_round = Guard("another_round", lambda facts, form: form.outcome is Outcome.DISSATISFIED and _rounds_left(facts))
out_of_rounds = Guard(
    "out_of_rounds", lambda facts, form: form.outcome is Outcome.DISSATISFIED and not _rounds_left(facts)
)
rejected = Guard("rejected", lambda facts, form: form.opinion is Opinion.REJECTED and _rounds_left(facts))
not_rejected = Guard(
    "not_rejected", lambda facts, form: form.opinion is not Opinion.REJECTED or not _rounds_left(facts)
)
rounds_exhausted = Guard("rounds_exhausted", lambda facts, form: not _rounds_left(facts))
next_attempt = Guard("next_attempt", lambda facts, form: form.attempts == facts.attempts + 1)
attempts_used = Guard("attempts_used", lambda facts, form: facts.attempts >= facts.max_attempts)
rises = Guard("rises", lambda facts, form: form.level > facts.level)

COMPLAINT = Lifecycle(
    kind="complaint",
    prefix="cp",
    initial=RECEIVED,
    states=(
        State(RECEIVED, Milestone.RECEIVED, owner=Role.AGENT),
        State(CLASSIFIED, Milestone.CLASSIFIED, owner=Role.HANDLER),
        State(INVESTIGATED, Milestone.INVESTIGATED, owner=Role.HANDLER),
        State(WAITING, Milestone.INVESTIGATED, owner=Role.CUSTOMER),
        State(RESOLVED, Milestone.RESOLVED, owner=Role.AGENT),
        State(REVISITED, Milestone.REVISITED, owner=SYSTEM),
        State(ARCHIVED, Milestone.ARCHIVED, final=True),
        State(MERGED, Milestone.ARCHIVED, final=True),
        State(WITHDRAWN, Milestone.ARCHIVED, final=True),
        State(REFUSED, Milestone.ARCHIVED, final=True),
        State(REFERRED, Milestone.ARCHIVED, final=True),
    ),
    moves=(
        Move("classify", (RECEIVED,), CLASSIFIED, by=(*DESK, SYSTEM, IMPORT), asks=Classification),
        Move("investigate", (CLASSIFIED,), INVESTIGATED, by=(*INVESTIGATORS, IMPORT), asks=Findings),
        Move("resolve", (INVESTIGATED,), RESOLVED, by=(*INVESTIGATORS, IMPORT), asks=Resolution),
        Move("revisit", (RESOLVED,), REVISITED, by=(*PEOPLE, SYSTEM), asks=Survey, when=satisfied),
        Move("revisit", (RESOLVED,), INVESTIGATED, by=(*PEOPLE, SYSTEM), asks=Survey, when=another_round, reopens=True),
        Move("revisit", (RESOLVED,), STAY, by=(*PEOPLE, SYSTEM), asks=Survey, when=out_of_rounds),
        Move("attempt", (RESOLVED,), STAY, by=(*PEOPLE, SYSTEM), asks=Attempt, when=next_attempt),
        Move("unreachable", (RESOLVED,), REVISITED, by=(*PEOPLE, SYSTEM), when=attempts_used),
        Move("tell_result", (RESOLVED,), STAY, by=PEOPLE, asks=Result, when=not_rejected),
        Move("tell_result", (RESOLVED,), INVESTIGATED, by=PEOPLE, asks=Result, when=rejected, reopens=True),
        Move("close_unsatisfied", (RESOLVED,), REVISITED, by=MANAGERS[1:], asks=Reason, when=rounds_exhausted),
        Move("archive", (REVISITED,), ARCHIVED, by=(*MANAGERS, SYSTEM)),
        # The customer is asked, and answers: the clocks rest in between (A4).
        Move("ask_customer", WORKING, WAITING, by=INVESTIGATORS, asks=Question),
        *(
            Move("customer_answers", (WAITING,), state, by=(*INVESTIGATORS, SYSTEM), asks=Answer, when=came_from(state))
            for state in WORKING
        ),
        # Ends other than the archive.
        Move("refuse", (RECEIVED, CLASSIFIED), REFUSED, by=MANAGERS, asks=Refusal),
        Move("withdraw", OPEN, WITHDRAWN, by=DESK, asks=Reason),
        Move("merge", OPEN, MERGED, by=DESK, asks=Merge),
        Move("refer", (CLASSIFIED, INVESTIGATED, RESOLVED), REFERRED, by=MANAGERS[1:], asks=Reason),
        # What is done without the case moving on.
        Move("acknowledge", LIVE, STAY, by=(SYSTEM,)),
        Move("suggest", (RECEIVED,), STAY, by=(SYSTEM,), asks=Suggestion),
        Move("reclassify", (CLASSIFIED, INVESTIGATED), STAY, by=DESK, asks=Classification),
        Move("assign", OPEN, STAY, by=(*DESK, SYSTEM), asks=Assignment),
        Move("reply", OPEN, STAY, by=PEOPLE, asks=Message),
        Move("propose_solution", OPEN, STAY, by=PEOPLE, asks=Proposal),
        Move("progress", OPEN, STAY, by=PEOPLE, asks=Progress),
        Move("promise", OPEN, STAY, by=PEOPLE, asks=Promise),
        Move("note", LIVE, STAY, by=PEOPLE, asks=Note),
        Move("escalate", OPEN, STAY, by=PEOPLE, asks=Escalation, when=rises),
        # What a clock does to the case.
        Move("remind", OPEN, STAY, by=(SYSTEM,), asks=RungFired),
        Move("breach", OPEN, STAY, by=(SYSTEM,), asks=RungFired),
    ),
    clauses=(
        Clause("first_reply", during=WORKING, pauses=(WAITING,), kept_by=("reply", "resolve"), answers=True, once=True),
        Clause("solution", during=WORKING, pauses=(WAITING,), kept_by=("propose_solution", "resolve"), answers=True),
        Clause("revisit", during=(RESOLVED,), kept_by=("revisit", "unreachable", "close_unsatisfied")),
        Clause("archive", during=(REVISITED,), then="archive"),
    ),
)

lawful(COMPLAINT)
