"""A small vocabulary in which tests tell what happens to a case."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any, TypeVar

import pytest

from engine.actors import NewActor, add_actor
from engine.commands.advance import Answer, Command, advance
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from models.columns import from_micros
from models.contact import Contact
from statemachines.lifecycle import Refused
from statemachines.roles import Role

T = TypeVar("T")

SECRET = "a-secret-of-the-tests"
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""A Monday, nine in the morning in Shanghai."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOMENT = timedelta(microseconds=1)

AGENT, HANDLER, SUPERVISOR, MANAGER, DIRECTOR, AUDITOR = "amy", "han", "sue", "mei", "gao", "odd"

STAFF = (
    NewActor(AGENT, (Role.AGENT,), "hotline", SUPERVISOR, email="amy@example.com"),
    NewActor(HANDLER, (Role.HANDLER,), "claims", SUPERVISOR, email="han@example.com"),
    NewActor(SUPERVISOR, (Role.TEAM_SUPERVISOR,), "claims", MANAGER, email="sue@example.com"),
    NewActor(MANAGER, (Role.DEPARTMENT_MANAGER,), "claims", DIRECTOR, email="mei@example.com"),
    NewActor(DIRECTOR, (Role.GENERAL_MANAGER,), None, None, email="gao@example.com"),
    NewActor(AUDITOR, (Role.AUDITOR,)),
)

FORMS: dict[str, dict[str, Any]] = {
    "classify": {"category": "damage", "severity": "high", "department": "claims"},
    "suggest": {"category": "damage", "confidence": 80},
    "reclassify": {"category": "loss"},
    "assign": {"department": "claims", "owner": HANDLER},
    "investigate": {"findings": "The pallet fell from the lift."},
    "reply": {"message": "We are looking for it."},
    "propose_solution": {"solution": "We pay for the goods."},
    "resolve": {"result": "Paid in full."},
    "tell_result": {"opinion": "accepted"},
    "revisit": {"outcome": "satisfied"},
    "attempt": {"attempts": 1},
    "close_unsatisfied": {"reason": "Nothing more can be done."},
    "ask_customer": {"question": "Which day was it?"},
    "customer_answers": {"answer": "On Sunday."},
    "propose_refusal": {"code": "not_ours", "reason": "Another carrier had it."},
    "refuse": {"code": "not_ours", "told": "Another carrier had it."},
    "take_on": {"reason": "It was ours after all."},
    "return": {"code": "not_ours"},
    "rule_owner": {"department": "claims"},
    "determine_responsibility": {
        "cause": "handling",
        "responsible": "carrier",
        "degree": "full",
        "evidence": "A photograph.",
    },
    "confirm_responsibility": {"confirmed_cause": "handling"},
    "compensate": {"compensation": 50_000, "grounds": "Article 8."},
    "approve_compensation": {"approved": 50_000},
    "decline_compensation": {"reason": "Too much."},
    "recover": {"recovery": 50_000, "claimed_from": "The subcontractor."},
    "keep_promise": {"promise": 1},
    "extend": {"clause": "solution", "hours": 12, "reason": "The port is closed."},
    "withdraw": {"reason": "It was found."},
    "merge": {"into": "cp-26-000001"},
    "refer": {"reason": "To the court."},
    "progress": {"progress": "The lift was seen."},
    "promise": {"promise": "A call tomorrow.", "due_at": "2026-03-03T09:00:00+08:00"},
    "note": {"note": "He calls every day."},
    "escalate": {"level": 1, "reason": "He is angry."},
}

DOES: dict[str, str] = {"investigate": HANDLER, "resolve": HANDLER, "propose_refusal": AGENT}
"""Who makes a move if the test does not say: the supervisor, except for what he must be apart from (F3)."""

TO_RESOLVED = ("classify", "investigate", "resolve")


def forms_of(move: str) -> dict[str, Any]:
    """A valid form for the move; empty for a move that asks for nothing."""
    return dict(FORMS.get(move, {}))


def hired(store: Store) -> None:
    """The people of the tests: one for each level, an agent, and an auditor who may only look."""
    with store.writing() as tx:
        for actor in STAFF:
            add_actor(tx, actor)


def contact(after: timedelta = timedelta(), **said: Any) -> Contact:
    """A contact made so long after ``START``."""
    return Contact(**{"row_id": "1", "text": "My parcel is broken.", "at": START + after, **said})


def opened(store: Store, after: timedelta = timedelta(), *, key: str | None = None, **said: Any) -> str:
    """A case is opened for a contact; its number."""
    return open_case(store, Opening(contact(after, **said), key=key), START + after).number


def does(store: Store, number: str, move: str, by: str = "", after: timedelta = timedelta(), **form: Any) -> Answer:
    """Somebody makes a move so long after ``START``; fields that are not told are filled in."""
    actor = by or DOES.get(move, SUPERVISOR)
    return advance(store, Command(number, move, forms_of(move) | form, actor=actor), START + after)


def resolved(store: Store, after: timedelta = timedelta(), **said: Any) -> str:
    """A case is opened, classified, investigated and resolved, all at one instant."""
    number = opened(store, after, **said)
    for move in TO_RESOLVED:
        does(store, number, move, after=after)
    return number


def tells(store: Store, sql: str, **values: Any) -> list[dict[str, Any]]:
    """What the database says."""
    with store.looking() as tx:
        return [row._asdict() for row in tx.rows(sql, **values)]


def alters(store: Store, sql: str, **values: Any) -> int:
    """Somebody writes to the database behind our back."""
    with store.writing() as tx:
        return tx.run(sql, **values)


def case_of(store: Store, number: str) -> dict[str, Any]:
    """The case's row."""
    [row] = tells(store, "SELECT * FROM cases WHERE number = :number", number=number)
    return row


def history_of(store: Store, number: str) -> list[dict[str, Any]]:
    """The case's transitions, in order."""
    return tells(store, "SELECT * FROM transition WHERE case_id = :id ORDER BY seq", id=case_of(store, number)["id"])


def moves_of(store: Store, number: str) -> list[str]:
    """What was done with the case, in order."""
    return [row["move"] for row in history_of(store, number)]


def clock_of(store: Store, number: str, clause: str, cycle: int = 1) -> dict[str, Any]:
    """The clock of a clause in a cycle."""
    sql = "SELECT * FROM timer WHERE case_id = :id AND clause = :clause AND cycle = :cycle"
    [row] = tells(store, sql, id=case_of(store, number)["id"], clause=clause, cycle=cycle)
    return row


def rungs_of(store: Store, number: str) -> list[tuple[str, int, timedelta]]:
    """Clause, percent and due instant (since ``START``) of every rung that fired, as the transitions tell it."""
    sql = "SELECT clause, percent, due_at FROM escalation_step WHERE case_id = :id ORDER BY seq"
    rows = tells(store, sql, id=case_of(store, number)["id"])
    return [(row["clause"], row["percent"], from_micros(row["due_at"]) - START) for row in rows]


def refusal(work: Callable[[], Any]) -> Refused:
    """The refusal that the work meets; the test fails if it meets none."""
    with pytest.raises(Refused) as caught:
        work()
    return caught.value


def at_once(works: Sequence[Callable[[], T]]) -> list[T | BaseException]:
    """All do their work in threads that begin together; results or errors, in order."""
    gate = Barrier(len(works))

    def one(work: Callable[[], T]) -> T | BaseException:
        gate.wait()
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - a thread hands over whatever befell it
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))
