"""Opens and moves cases in tests, and reads what the database holds of them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any, TypeVar

import pytest

from engine.actors import NewActor, add_actor
from engine.categories import add_categories
from engine.commands.advance import advance
from engine.commands.command import Answer, Command
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
MICROSECOND = timedelta(microseconds=1)

AGENT, HANDLER, SUPERVISOR, MANAGER, DIRECTOR, AUDITOR = "amy", "han", "sue", "mei", "gao", "odd"

STAFF = (
    NewActor(AGENT, (Role.AGENT,), "hotline", SUPERVISOR, email="amy@example.com"),
    NewActor(HANDLER, (Role.HANDLER,), "claims", SUPERVISOR, email="han@example.com"),
    NewActor(SUPERVISOR, (Role.TEAM_SUPERVISOR,), "claims", MANAGER, email="sue@example.com"),
    NewActor(MANAGER, (Role.DEPARTMENT_MANAGER,), "claims", DIRECTOR, email="mei@example.com"),
    NewActor(DIRECTOR, (Role.GENERAL_MANAGER,), None, None, email="gao@example.com"),
    NewActor(AUDITOR, (Role.AUDITOR,)),
)

BY_PHONE = {"medium": "phone", "recipient": "The customer."}
"""How the customer is told in tests, who has no address unless a test gives him one."""

FORMS: dict[str, dict[str, Any]] = {
    "classify": {"category": "damage", "severity": "high", "department": "claims"},
    "suggest": {"category": "damage", "confidence": 80},
    "reclassify": {"category": "loss"},
    "assign": {"department": "claims", "owner": HANDLER},
    "investigate": {"findings": "The pallet fell from the lift."},
    "reply": {"message": "We are looking for it.", **BY_PHONE},
    "propose_solution": {"solution": "We pay for the goods.", **BY_PHONE},
    "resolve": {"result": "Paid in full.", "message": "We have paid in full.", **BY_PHONE},
    "tell_result": {"opinion": "accepted", "message": "We have paid in full.", **BY_PHONE},
    "revisit": {"outcome": "satisfied"},
    "attempt": {"attempts": 1},
    "close_unsatisfied": {"reason": "Nothing more can be done."},
    "ask_customer": {"question": "Which day was it?", **BY_PHONE},
    "customer_answers": {"answer": "On Sunday."},
    "propose_refusal": {"code": "not_ours", "reason": "Another carrier had it."},
    "refuse": {"code": "not_ours", "told": "Another carrier had it.", **BY_PHONE},
    "take_on": {"reason": "It was ours after all."},
    "return": {"code": "not_ours"},
    "rule_owner": {"department": "claims"},
    "determine_responsibility": {
        "cause": "handling",
        "responsible": "carrier",
        "degree": "full",
        "evidence": "A photograph.",
    },
    "confirm_responsibility": {
        "confirmed_cause": "handling",
        "confirmed_responsible": "carrier",
        "confirmed_degree": "full",
    },
    "compensate": {"compensation": 50_000, "grounds": "Article 8."},
    "approve_compensation": {"approved": 50_000},
    "decline_compensation": {"reason": "Too much."},
    "recover": {"recovery": 50_000, "claimed_from": "The subcontractor."},
    "keep_promise": {"promise": 1, "how": "We called.", **BY_PHONE},
    "extend": {"clause": "solution", "hours": 12, "reason": "The port is closed."},
    "withdraw": {"reason": "It was found."},
    "merge": {"into": "cp-26-000001"},
    "consent_to_merge": {"consent": "Yes, do.", "recipient": "The customer.", "medium": "phone"},
    "refer": {"reason": "To the court."},
    "undo_end": {"reason": "It was another parcel."},
    "progress": {"progress": "The lift was seen.", **BY_PHONE},
    "promise": {"promise": "A call tomorrow.", "due_at": "2026-03-03T09:00:00+08:00"},
    "note": {"note": "He calls every day."},
    "escalate": {"level": 1, "reason": "He is angry."},
}

MOVE_ACTORS: dict[str, str] = {
    "investigate": HANDLER,
    "resolve": HANDLER,
    "propose_refusal": AGENT,
    "determine_responsibility": HANDLER,
    "withdraw": MANAGER,
}
"""The actor of a move where the test names none; by default the supervisor, unless duties are separated (F3)."""

TO_RESOLVED = ("classify", "investigate", "resolve")


def form_for(move: str) -> dict[str, Any]:
    """Return a valid form for the move; empty if it needs none."""
    return dict(FORMS.get(move, {}))


def add_staff(store: Store) -> None:
    """Add the staff of the tests: one person for each level, an agent, and an auditor who may only read.

    Complaints of the tests are about damage, which is no shipped category.
    """
    with store.writing() as tx:
        add_categories(tx, [("damage", "damage")], "system", 0)
        for actor in STAFF:
            add_actor(tx, actor)


def contact(after: timedelta = timedelta(), **fields: Any) -> Contact:
    """Return a contact made this long after ``START``."""
    return Contact(**{"row_id": "1", "text": "My parcel is broken.", "at": START + after, **fields})


def new_case(store: Store, after: timedelta = timedelta(), *, key: str | None = None, **fields: Any) -> str:
    """Open a case for a contact; return its number."""
    return open_case(store, Opening(contact(after, **fields), key=key), START + after).number


def make_move(
    store: Store, number: str, move: str, by: str = "", after: timedelta = timedelta(), **form: Any
) -> Answer:
    """Make a move this long after ``START``; fields that are not given are filled in."""
    actor = by or MOVE_ACTORS.get(move, SUPERVISOR)
    return advance(store, Command(number, move, form_for(move) | form, actor=actor), START + after)


def new_resolved_case(store: Store, after: timedelta = timedelta(), **fields: Any) -> str:
    """Open, classify, investigate and resolve a case, all at one instant; return its number."""
    number = new_case(store, after, **fields)
    for move in TO_RESOLVED:
        make_move(store, number, move, after=after)
    return number


def query_rows(store: Store, sql: str, **values: Any) -> list[dict[str, Any]]:
    """Return the rows of a query."""
    with store.looking() as tx:
        return [row._asdict() for row in tx.rows(sql, **values)]


def execute_sql(store: Store, sql: str, **values: Any) -> int:
    """Change the database without the engine; return how many rows changed."""
    with store.writing() as tx:
        return tx.run(sql, **values)


def case_of(store: Store, number: str) -> dict[str, Any]:
    """Return the case's row."""
    [row] = query_rows(store, "SELECT * FROM cases WHERE number = :number", number=number)
    return row


def history_of(store: Store, number: str) -> list[dict[str, Any]]:
    """Return the case's transitions, in order."""
    return query_rows(
        store, "SELECT * FROM transition WHERE case_id = :id ORDER BY seq", id=case_of(store, number)["id"]
    )


def moves_of(store: Store, number: str) -> list[str]:
    """Return the case's moves, in order."""
    return [row["move"] for row in history_of(store, number)]


def timer_of(store: Store, number: str, clause: str, cycle: int = 1) -> dict[str, Any]:
    """Return the timer of a clause in a cycle."""
    sql = "SELECT * FROM timer WHERE case_id = :id AND clause = :clause AND cycle = :cycle"
    [row] = query_rows(store, sql, id=case_of(store, number)["id"], clause=clause, cycle=cycle)
    return row


def fired_steps_of(store: Store, number: str) -> list[tuple[str, int, timedelta]]:
    """Return clause, percent and due instant (since ``START``) of each escalation step that fired."""
    sql = "SELECT clause, percent, due_at FROM escalation_step WHERE case_id = :id ORDER BY seq"
    rows = query_rows(store, sql, id=case_of(store, number)["id"])
    return [(row["clause"], row["percent"], from_micros(row["due_at"]) - START) for row in rows]


def refusal(work: Callable[[], Any]) -> Refused:
    """Return the refusal that the work raises; the test fails if it raises none."""
    with pytest.raises(Refused) as caught:
        work()
    return caught.value


def run_concurrently(works: Sequence[Callable[[], T]]) -> list[T | BaseException]:
    """Run all in threads that begin together; return results or errors, in order."""
    gate = Barrier(len(works))

    def run(work: Callable[[], T]) -> T | BaseException:
        gate.wait()
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - the caller gets the error of each thread
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))
