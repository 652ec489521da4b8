"""Whom an interruption hits is found, told and granted more time; what is learned of it becomes a plan (G1)."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from engine.commands.advance import Answer, Command, advance_many
from engine.commands.links import link
from flows.notifications import write
from flows.reaction_context import VIA, ReactionContext
from flows.reaction_registry import on_move
from flows.work import off_loop
from models.columns import from_micros
from reports.linked_cases import AFFECTED, AffectedCase, affected, linked
from statemachines.interruption import INTERRUPTION
from statemachines.lifecycle import Refused

T = TypeVar("T")

GROUP = 100
"""How many cases are moved in one transaction."""
NOTHING_TO_EXTEND = frozenset({"no_such_timer", "not_now", "unknown_move"})
"""Why a case is passed over: its promise is kept, it is closed, or its kind knows no such thing."""


@on_move(INTERRUPTION, "find_affected")
async def care_for_affected(context: ReactionContext) -> None:
    """Link every open case that meets the criteria and tell its customer; then record how many."""
    happened = context.leased.happened
    store = context.work.store
    found = await off_loop(_found, context)
    for case in found:
        await off_loop(link, store, context.number, case.number, AFFECTED, from_micros(happened.recorded_at))
    told = [await _tell(context, case) for case in found].count(True)
    every = await off_loop(linked, store, happened.case_id)
    untold = sum(not case.email for case in every)
    await _record(context, "affected", affected=len(every), found=len(found), told=told, untold=untold)
    if untold == 0:
        await context.advance("confirm_told")


@on_move(INTERRUPTION, "grant_time")
async def grant_time(context: ReactionContext) -> None:
    """Extend the promise on every affected case, a group at a time; then record on how many.

    Each case's move is keyed by the delivery and the case: delivered twice, it is made once (law 3).
    """
    clause, hours = context.form["clause"], context.form["hours"]
    form = {"clause": clause, "hours": hours, "reason": f"{context.number}: {await context.words('reason')}"}
    cases = await off_loop(linked, context.work.store, context.leased.happened.case_id)
    answers: list[Answer | Refused] = []
    for group in _groups(cases, GROUP):
        commands = [Command(one.number, "extend", form, via=VIA, key=f"{context.key}:{one.number}") for one in group]
        answers += await off_loop(advance_many, context.work.store, commands, await context.work.now())
    granted = _granted(answers)
    await _record(context, "time_granted", clause=clause, hours=hours, granted=granted, skipped=len(answers) - granted)


@on_move(INTERRUPTION, "review")
async def plan_improvement(context: ReactionContext) -> None:
    """What is learned is carried out by a plan of the department that must improve."""
    plan = await context.open("improvement_plan", "postmortem", await context.words("lessons"))
    told = {"department": context.form["improving"], "cause": context.form["cause"]}
    await context.advance_other(plan.number, "require", **told)


def _found(context: ReactionContext) -> list[AffectedCase]:
    happened = context.leased.happened
    return list(affected(context.work.store, happened.case_id, context.form, happened.recorded_at))


async def _tell(context: ReactionContext, case: AffectedCase) -> bool:
    """Tell one customer, under a key of this delivery and his case."""
    if not case.email:
        return False
    key = f"{context.key}:service_interrupted:{case.number}"
    await write(context.work, key, case.email, context.work.locale, "service_interrupted", number=case.number)
    return True


def _granted(answers: Sequence[Answer | Refused]) -> int:
    """How many were extended. Raises the first refusal that needs a person; then the delivery is tried again."""
    for answer in answers:
        if isinstance(answer, Refused) and answer.code not in NOTHING_TO_EXTEND:
            raise answer
    return sum(isinstance(answer, Answer) for answer in answers)


async def _record(context: ReactionContext, move: str, **counted: Any) -> None:
    """Record what came of it. Delivered again, what was counted first stands."""
    try:
        await context.advance(move, **counted)
    except Refused as refused:
        if refused.code != "key_reused":
            raise


def _groups(cases: Sequence[T], size: int) -> Iterator[list[T]]:
    rest = iter(cases)
    while group := list(islice(rest, size)):
        yield group
