"""Whom an interruption hits is found, told and granted more time; what is learned of it becomes a plan (G1)."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from engine.moves.links import link
from engine.moves.moving import Answer, Command, advance_many
from flows.letters import write
from flows.moment import VIA, Moment
from flows.reacting import on_move
from flows.reports.affected import AFFECTED, AffectedCase, affected, linked
from flows.work import off_loop
from models.columns import from_micros
from statemachines.interruption import INTERRUPTION
from statemachines.lifecycle import Refused

T = TypeVar("T")

GROUP = 100
"""How many cases are moved in one transaction."""
NOTHING_TO_EXTEND = frozenset({"no_such_clock", "not_now", "unknown_move"})
"""Why a case is passed over: its promise is kept, it is closed, or its kind knows no such thing."""


@on_move(INTERRUPTION, "find_affected")
async def care_for_affected(moment: Moment) -> None:
    """Link every open case that meets the criteria and tell its customer; then record how many."""
    happened = moment.leased.happened
    store = moment.work.store
    found = await off_loop(_found, moment)
    for case in found:
        await off_loop(link, store, moment.number, case.number, AFFECTED, from_micros(happened.recorded_at))
    told = [await _tell(moment, case) for case in found].count(True)
    every = await off_loop(linked, store, happened.case_id)
    untold = sum(not case.email for case in every)
    await _record(moment, "affected", affected=len(every), found=len(found), told=told, untold=untold)
    if untold == 0:
        await moment.advance("confirm_told")


@on_move(INTERRUPTION, "grant_time")
async def grant_time(moment: Moment) -> None:
    """Extend the promise on every affected case, a group at a time; then record on how many.

    Each case's move is keyed by the delivery and the case: delivered twice, it is made once (law 3).
    """
    clause, hours = moment.form["clause"], moment.form["hours"]
    form = {"clause": clause, "hours": hours, "reason": f"{moment.number}: {await moment.words('reason')}"}
    cases = await off_loop(linked, moment.work.store, moment.leased.happened.case_id)
    answers: list[Answer | Refused] = []
    for group in _groups(cases, GROUP):
        commands = [Command(one.number, "extend", form, via=VIA, key=f"{moment.key}:{one.number}") for one in group]
        answers += await off_loop(advance_many, moment.work.store, commands, await moment.work.now())
    granted = _granted(answers)
    await _record(moment, "time_granted", clause=clause, hours=hours, granted=granted, skipped=len(answers) - granted)


@on_move(INTERRUPTION, "review")
async def plan_improvement(moment: Moment) -> None:
    """What is learned is carried out by a plan of the department that must improve."""
    plan = await moment.open("improvement_plan", "postmortem", await moment.words("lessons"))
    told = {"department": moment.form["improving"], "cause": moment.form["cause"]}
    await moment.advance_other(plan.number, "require", **told)


def _found(moment: Moment) -> list[AffectedCase]:
    happened = moment.leased.happened
    return list(affected(moment.work.store, happened.case_id, moment.form, happened.recorded_at))


async def _tell(moment: Moment, case: AffectedCase) -> bool:
    """Tell one customer, under a key of this delivery and his case."""
    if not case.email:
        return False
    key = f"{moment.key}:service_interrupted:{case.number}"
    await write(moment.work, key, case.email, moment.work.locale, "service_interrupted", number=case.number)
    return True


def _granted(answers: Sequence[Answer | Refused]) -> int:
    """How many were extended. Raises the first refusal that needs a person; then the delivery is tried again."""
    for answer in answers:
        if isinstance(answer, Refused) and answer.code not in NOTHING_TO_EXTEND:
            raise answer
    return sum(isinstance(answer, Answer) for answer in answers)


async def _record(moment: Moment, move: str, **counted: Any) -> None:
    """Record what came of it. Delivered again, what was counted first stands."""
    try:
        await moment.advance(move, **counted)
    except Refused as refused:
        if refused.code != "key_reused":
            raise


def _groups(cases: Sequence[T], size: int) -> Iterator[list[T]]:
    rest = iter(cases)
    while group := list(islice(rest, size)):
        yield group
