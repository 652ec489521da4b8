"""Reactions ask and move together where they can: cases end as if each were alone, and none waits for another."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest

from engine.actors import NewActor, add_actor
from engine.audit.verify import verify
from engine.commands.command import Answer, Command
from engine.create_store import set_clock
from engine.outbox.deliveries import LEASE, lease
from engine.store import Store
from flows import react as reacting
from flows.batch_context import GROUP_LIMIT, BatchContext, DataLoader
from flows.reaction_registry import wanted
from flows.work import Work
from statemachines.lifecycle import Refused
from statemachines.roles import Role
from tests.case_actions import HANDLER, START, SUPERVISOR, case_of, form_for, history_of, moves_of, new_case
from tests.flows.scenes import DAMAGE, HINT, ODD, FailingMailer, Watching, deliveries, drained, sent_mails

T = TypeVar("T")

NOW = timedelta()
TEXTS = (DAMAGE, HINT, ODD, DAMAGE)


class Broken(Exception):
    pass


class Echo:
    """Answers each question with itself, and keeps the groups; odd ones are an error, 13 breaks its group."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []

    async def answer(self, questions: Sequence[int]) -> Sequence[int | Exception]:
        self.groups.append(list(questions))
        await asyncio.sleep(0)
        if 13 in questions:
            raise Broken
        return [Broken() if question % 2 else question for question in questions]


async def all_of(*asked: Awaitable[T]) -> list[T | BaseException]:
    return await asyncio.gather(*asked, return_exceptions=True)


def moved_so(store: Store, number: str) -> list[dict[str, Any]]:
    """What the history tells of a case's moves, but for the case itself."""
    told = ("seq", "move", "source", "dest", "cycle", "level", "actor_id", "via", "form")
    return [{name: row[name] for name in told} for row in history_of(store, number) if row["seq"] > 1]


def in_batch(work: Work, *commands: Command) -> list[Answer | BaseException]:
    async def scene() -> list[Answer | BaseException]:
        batch = BatchContext(work)
        return await all_of(*(batch.moves.get(command) for command in commands))

    return asyncio.run(scene())


def test_one_alone_is_answered_alone():
    echo = Echo()
    assert asyncio.run(DataLoader(echo.answer).get(2)) == 2
    assert echo.groups == [[2]]


def test_what_is_asked_at_once_is_answered_together_and_in_order():
    echo = Echo()

    async def scene() -> list[int | BaseException]:
        together = DataLoader(echo.answer)
        return await all_of(*(together.get(2 * n) for n in range(2 * GROUP_LIMIT + 1)))

    assert asyncio.run(scene()) == [2 * n for n in range(2 * GROUP_LIMIT + 1)]
    assert [len(group) for group in echo.groups] == [GROUP_LIMIT, GROUP_LIMIT, 1]
    assert [question for group in echo.groups for question in group] == [2 * n for n in range(2 * GROUP_LIMIT + 1)]


def test_an_error_is_told_to_whom_it_belongs():
    async def scene() -> list[int | BaseException]:
        together = DataLoader(Echo().answer)
        return await all_of(*(together.get(n) for n in (2, 3, 4)))

    two, three, four = asyncio.run(scene())
    assert (two, type(three), four) == (2, Broken, 4)


def test_what_breaks_a_group_is_told_to_all_of_it_and_to_no_later_one():
    async def scene() -> tuple[list[int | BaseException], int]:
        together = DataLoader(Echo().answer)
        return await all_of(together.get(2), together.get(13)), await together.get(4)

    broken, later = asyncio.run(scene())
    assert ([type(one) for one in broken], later) == ([Broken, Broken], 4)


def test_nobody_waits_for_one_who_waits_for_something_else():
    echo = Echo()

    async def scene() -> list[int | BaseException]:
        together, mail = DataLoader(echo.answer), asyncio.Event()

        async def slow() -> int:
            await mail.wait()
            return await together.get(4)

        async def quick() -> int:
            answer = await together.get(2)
            mail.set()  # had it waited for the slow one, nobody would ever set it
            return answer

        return await all_of(slow(), quick())

    assert asyncio.run(scene()) == [4, 2]
    assert echo.groups == [[2], [4]]


def test_who_asks_again_and_again_locks_nothing_up_and_groups_stay_together():
    echo = Echo()

    async def scene() -> None:
        together = DataLoader(echo.answer)

        async def thrice(n: int) -> None:
            for _ in range(3):
                assert await together.get(n) == n

        await asyncio.gather(*(thrice(2 * n) for n in range(5)))

    asyncio.run(scene())
    assert echo.groups == [[0, 2, 4, 6, 8]] * 3


def test_who_gives_up_leaves_the_others_their_answers():
    async def scene() -> int:
        together = DataLoader(Echo().answer)
        first, second = asyncio.create_task(together.get(2)), asyncio.create_task(together.get(4))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(scene()) == 4


def test_cases_live_the_same_in_groups_as_one_by_one(work: Work, monkeypatch: pytest.MonkeyPatch):
    def lived() -> list[list[dict[str, Any]]]:
        numbers = [new_case(work.store, text=text, email="c@customers.example") for text in TEXTS]
        drained(work, NOW)
        return [moved_so(work.store, number) for number in numbers]

    together = lived()
    monkeypatch.setattr(DataLoader, "group_limit", 1)
    assert together == lived()
    assert [len(moves) for moves in together] == [3, 2, 1, 3]
    assert verify(work.store).faults == ()


def test_a_move_that_is_refused_is_refused_alone(work: Work):
    numbers = [new_case(work.store) for _ in range(3)]
    moves = zip(numbers, ("note", "archive", "note"), strict=True)
    good, bad, also = in_batch(work, *(Command(n, move, form_for(move), SUPERVISOR, key=n) for n, move in moves))
    assert isinstance(bad, Refused)
    assert [moves_of(work.store, number)[1:] for number in numbers] == [["note"], [], ["note"]]
    assert (isinstance(good, Answer), isinstance(also, Answer)) == (True, True)


def test_a_move_that_breaks_breaks_for_itself(work: Work):
    """A fault of ours in one reaction costs the others of its group nothing."""
    notes = [Command(new_case(work.store), "note", form_for("note"), SUPERVISOR, key=f"k{n}") for n in range(3)]
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 (a fault of ours)
    good, bad, also = in_batch(work, notes[0], replace(notes[1], occurred_at=naive), notes[2])
    assert isinstance(bad, Refused)
    assert bad.code == "bad_instant"
    assert [moves_of(work.store, note.number)[1:] for note in notes] == [["note"], [], ["note"]]
    assert (isinstance(good, Answer), isinstance(also, Answer)) == (True, True)


def test_moves_of_one_case_are_made_in_the_order_in_which_they_were_asked_for(work: Work):
    number = new_case(work.store)
    moves = ["note", "classify", "suggest", "note", "investigate"]
    made = in_batch(work, *(Command(number, move, form_for(move), HANDLER, key=f"{n}") for n, move in enumerate(moves)))
    done = [move for move, answer in zip(moves, made, strict=True) if isinstance(answer, Answer)]
    assert moves_of(work.store, number)[1:] == done
    assert [answer.seq for answer in made if isinstance(answer, Answer)] == list(range(2, 2 + len(done)))
    assert len(done) >= 2


def test_a_reaction_that_fails_holds_up_no_other(work: Work):
    work.mailer = FailingMailer(1, "bad@customers.example")
    bad = new_case(work.store, text=DAMAGE, email="bad@customers.example")
    good = [new_case(work.store, text=DAMAGE, email=f"{n}@customers.example") for n in range(3)]
    set_clock(work.store, START)
    asyncio.run(reacting.react(work))
    assert moves_of(work.store, bad) == ["open", "classify", "assign"]
    assert [sorted(moves_of(work.store, number)) for number in good] == [
        ["acknowledge", "assign", "classify", "open"]
    ] * 3
    failed = [one for one in deliveries(work.store) if one[1] != "done"]
    assert failed == [("acknowledge_contact", "waiting", 1, "Down")]


@pytest.mark.usefixtures("awaited_are_not_told")
def test_a_batch_that_was_made_and_never_settled_is_made_again_and_changes_nothing(work: Work):
    """As after a process that was killed between the commit of a group and the end of its batch."""
    numbers = [new_case(work.store, text=DAMAGE, email=f"{n}@customers.example") for n in range(4)]
    batch = lease(work.store, "killed", wanted, START)
    assert len(batch) == 8
    asyncio.run(reacting._deliver_all(work, batch, reacting._deliver))
    moves, mails = [moved_so(work.store, number) for number in numbers], {mail.key for mail in sent_mails(work)}
    assert all(len(one) == 2 for one in moves)
    drained(work, LEASE)
    assert [moved_so(work.store, number)[:2] for number in numbers] == moves
    assert [moves_of(work.store, number)[1:] for number in numbers] == [["acknowledge", "classify", "assign"]] * 4
    assert {mail.key for mail in sent_mails(work)} == mails
    assert {(status, tries) for reaction, status, tries, _ in deliveries(work.store) if "contact" in reaction} == {
        ("done", 2)
    }


def test_cases_that_are_routed_together_are_shared_out(work: Work):
    with work.store.writing() as tx:
        add_actor(tx, NewActor("ben", (Role.HANDLER,), "claims"))
    numbers = [new_case(work.store, text=DAMAGE) for _ in range(6)]
    drained(work, NOW)
    owners = [case_of(work.store, number)["owner"] for number in numbers]
    assert sorted(owners) == ["ben"] * 3 + [HANDLER] * 3


def test_a_run_that_is_full_leaves_the_rest_to_the_next(work: Work, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reacting, "RUN_LIMIT", 1)
    monkeypatch.setattr(reacting, "BATCH", 3)
    work.observer = observer = Watching()
    numbers = [new_case(work.store, text=DAMAGE) for _ in range(3)]
    drained(work, NOW)
    assert {len(moves_of(work.store, number)) for number in numbers} == {3}
    assert len(observer.sights) >= 4, "twelve deliveries, three at a time"
