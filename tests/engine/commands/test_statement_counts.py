"""How many statements a move sends: a lone one asks once, and a group of fifty asks as often as a group of two."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from benchmarks.moves import MOVES
from benchmarks.seeding import seed
from engine.actors import NewActor, add_actor
from engine.commands.advance import advance
from engine.commands.advance_many import advance_many
from engine.commands.command import Answer, Command
from engine.settings import Settings
from engine.store import Store
from statemachines.lifecycle import Refused
from statemachines.roles import Role
from tests.case_actions import HANDLER, HOUR, START, SUPERVISOR, make_move, new_case
from tests.editions import publishes
from tests.engine.commands.certified_people import certify

AT = START + 3 * HOUR
WRITES = ("INSERT", "UPDATE")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that connections opened from now on send; on SQLite once for each row that is written."""
    statements: list[str] = []
    connect, execute = sqlite3.connect, psycopg.Cursor.execute

    def traced_connect(*args: Any, **options: Any) -> sqlite3.Connection:
        raw = connect(*args, **options)
        raw.set_trace_callback(lambda sql: statements.append(sql.strip()))
        return raw

    def traced_execute(cursor: Any, query: Any, *args: Any, **options: Any) -> Any:
        statements.append(query.strip() if isinstance(query, str) else query.as_string(cursor))
        traced: Any = execute
        return traced(cursor, query, *args, **options)

    monkeypatch.setattr(sqlite3, "connect", traced_connect)
    monkeypatch.setattr(psycopg.Cursor, "execute", traced_execute)
    return statements


@pytest.fixture
def traced_store(settings: Settings, sent: list[str]) -> Iterator[Store]:
    store = settings.store()
    yield store
    store.close()


def commands(move: str, numbers: list[str]) -> list[Command]:
    form, actor = next((form, actor) for name, form, actor in MOVES if name == move)
    return [Command(number, move, form, actor, "api", f"{move}:{number}") for number in numbers]


def group(store: Store, move: str, numbers: list[str], at: datetime = AT) -> None:
    answers = advance_many(store, commands(move, numbers), at)
    assert all(isinstance(answer, Answer) for answer in answers)


def questions(sent: list[str]) -> list[str]:
    return [sql for sql in sent if sql.startswith("SELECT")]


def test_a_lone_move_that_speaks_to_the_customer_asks_one_question(traced_store: Store, sent: list[str]):
    warm, number = seed(traced_store, 2, at=AT)
    advance(traced_store, commands("resolve", [warm])[0], AT)  # what a store keeps is read once
    sent.clear()
    advance(traced_store, commands("resolve", [number])[0], AT)
    assert len(questions(sent)) == 1
    if traced_store.postgres:
        assert len(sent) == 3, "the question, one statement that writes, and the one that notifies"
    else:
        rows = [sql for sql in sent if sql.startswith(WRITES)]
        # case, transition, event, two texts, two timers that end, one that starts, the key
        assert (len(rows), len(sent)) == (9, 1 + len(rows) + len(["BEGIN", "COMMIT"]))


@pytest.mark.parametrize("move", ["resolve", "revisit"])
def test_a_group_of_fifty_asks_as_many_questions_as_a_group_of_two(traced_store: Store, sent: list[str], move: str):
    numbers = seed(traced_store, 54, at=AT)
    if move == "revisit":
        group(traced_store, "resolve", numbers)
    later = AT + timedelta(minutes=1)
    group(traced_store, move, numbers[:2], later)
    counts: list[int] = []
    for part in (numbers[2:4], numbers[4:]):
        sent.clear()
        group(traced_store, move, part, later)
        counts.append(len([sql for sql in sent if not sql.startswith(WRITES)]))
    assert counts[0] == counts[1]
    assert len(part) == 50


def test_automatic_steps_of_a_group_read_at_once_what_people_have_decided(traced_store: Store, sent: list[str]):
    cases = [new_case(traced_store) for _ in range(6)]
    advance_many(traced_store, [Command(number, "acknowledge") for number in cases], START)
    make_move(traced_store, cases[-1], "classify", department="delivery")
    form = {"category": "damage", "department": "claims"}
    sent.clear()
    steps = [Command(number, "classify", form, since=1) for number in cases]
    *answers, last = advance_many(traced_store, steps, START)
    assert all(isinstance(answer, Answer) for answer in answers)
    assert isinstance(last, Refused)
    assert last.code == "superseded"
    asked = [sql for sql in questions(sent) if "FROM transition" in sql]
    assert len(asked) == 1


def test_a_customer_without_an_address_is_found_by_the_questions_of_the_group(traced_store: Store, sent: list[str]):
    numbers = seed(traced_store, 10, at=AT)
    with traced_store.writing() as tx:
        tx.run("UPDATE party SET email = NULL")
    sent.clear()
    answers = advance_many(traced_store, commands("resolve", numbers), AT)
    assert {getattr(answer, "code", None) for answer in answers} == {"no_customer_address"}
    assert len(questions(sent)) == 7, "rules, cases, timers, actor and keys; then whose attempts to keep on what"
    with pytest.raises(Exception, match="no_customer_address"):
        advance(traced_store, commands("resolve", numbers)[0], AT)


@pytest.mark.requirement("J1")
def test_a_group_of_assignments_reads_once_who_is_certified(traced_store: Store, sent: list[str]):
    with traced_store.writing() as tx:
        for actor in (NewActor("hera", (Role.HR,)), NewActor("quin", (Role.QUALITY_TEAM,))):
            add_actor(tx, actor)
    publishes(traced_store, "staffing", certificate="service", source="a test")
    certify(traced_store, HANDLER)
    numbers = [new_case(traced_store) for _ in range(12)]
    counts: list[int] = []
    for part in (numbers[:2], numbers[2:]):
        sent.clear()
        owners = [HANDLER, *[SUPERVISOR] * (len(part) - 1)]
        wanted = [
            Command(number, "assign", {"owner": owner, "department": "claims"}, actor=SUPERVISOR)
            for number, owner in zip(part, owners, strict=True)
        ]
        answers = advance_many(traced_store, wanted, START)
        assert [getattr(answer, "code", "assigned") for answer in answers[:2]] == ["assigned", "uncertified"]
        counts.append(len([sql for sql in questions(sent) if "certificate_validity" in sql]))
    assert counts == [1, 1], "the second group is five times as large"
