"""Reactions to a service interruption: find and tell the affected, extend their timers, plan improvements (G1)."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from engine.commands.advance_many import advance_many
from engine.commands.command import Answer, Command
from engine.commands.links import link
from flows.notifications import write
from flows.reaction_context import VIA, ReactionContext
from flows.reaction_registry import on_move
from flows.work import off_loop
from locales.translation import locales
from models.columns import from_micros
from reports.linked_cases import AFFECTED, AffectedCase, affected, linked, unreached
from statemachines.interruption import INTERRUPTION
from statemachines.lifecycle import Refused

T = TypeVar("T")

TEMPLATE = "service_interrupted"

GROUP = 100
"""How many cases are moved in one transaction."""
NOTHING_TO_EXTEND = frozenset({"no_such_timer", "not_now", "unknown_move"})
"""Refusals for which a case is skipped: its timer is met, it is closed, or its kind has no such clause or move."""


@on_move(INTERRUPTION, "find_affected")
async def care_for_affected(context: ReactionContext) -> None:
    """Link every open case that meets the criteria and mail its customer; then record how many.

    The customers have been told if each of them was reached, or if those found now were and a person told the others.
    Where nobody is affected, or somebody is not reached, a person confirms it.
    """
    event = context.event
    store = context.work.store
    waybills = await context.statement("waybills") if context.form.get("waybills") is not None else None
    cases = await off_loop(_affected, context, waybills)
    for case in cases:
        await off_loop(link, store, context.number, case.number, AFFECTED, from_micros(event.recorded_at))
    told = [await _mail(context, case) for case in cases].count(True)
    all_linked = await off_loop(linked, store, event.case_id)
    untold = await off_loop(unreached, store, context.number, all_linked)
    await _record(context, "affected", affected=len(all_linked), found=len(cases), told=told, untold=untold)
    told_before = json.loads((await context.case()).variables).get("tellings", 0) > 0
    if all_linked and told == len(cases) and (untold == 0 or told_before):
        await context.advance("confirm_told")


@on_move(INTERRUPTION, "grant_time")
async def grant_time(context: ReactionContext) -> None:
    """Extend the clause's timer on every affected case, in groups; then record on how many.

    Each case's move is keyed by the delivery and the case: delivered twice, it is made once (law 3).
    """
    clause, hours = context.form["clause"], context.form["hours"]
    form = {"clause": clause, "hours": hours, "reason": f"{context.number}: {await context.statement('reason')}"}
    cases = await off_loop(linked, context.work.store, context.event.case_id)
    answers: list[Answer | Refused] = []
    for group in _groups(cases, GROUP):
        commands = [Command(case.number, "extend", form, via=VIA, key=f"{context.key}:{case.number}") for case in group]
        answers += await off_loop(advance_many, context.work.store, commands, await context.work.now())
    granted = _granted(answers)
    await _record(context, "time_granted", clause=clause, hours=hours, granted=granted, skipped=len(answers) - granted)


@on_move(INTERRUPTION, "review")
async def plan_improvement(context: ReactionContext) -> None:
    """Open an improvement plan for the lessons, and require it of the department that must improve."""
    plan = await context.open("improvement_plan", "postmortem", await context.statement("lessons"))
    department, cause = context.form["improving"], context.form["cause"]
    await context.advance_other(plan.number, "require", department=department, cause=cause)


def _affected(context: ReactionContext, waybills: str | None) -> list[AffectedCase]:
    event = context.event
    return list(affected(context.work.store, event.case_id, context.form, event.recorded_at, waybills))


async def _mail(context: ReactionContext, case: AffectedCase) -> bool:
    """Mail one customer in his language, under a key of this delivery and his case; return whether it reaches him."""
    if not case.email:
        return False
    key = f"{context.key}:{TEMPLATE}:{case.number}"
    locale = case.locale if case.locale in locales() else context.work.locale
    return await write(context.work, key, case.email, locale, TEMPLATE, number=case.number)


def _granted(answers: Sequence[Answer | Refused]) -> int:
    """Return how many were extended. Raises the first refusal that may pass, so that the delivery is tried again."""
    for answer in answers:
        if isinstance(answer, Refused) and answer.code not in NOTHING_TO_EXTEND:
            raise answer
    return sum(isinstance(answer, Answer) for answer in answers)


async def _record(context: ReactionContext, move: str, **counts: Any) -> None:
    """Record the counts. When the event is delivered again, the first counts stay."""
    try:
        await context.advance(move, **counts)
    except Refused as refused:
        if refused.code != "key_reused":
            raise


def _groups(cases: Sequence[T], size: int) -> Iterator[list[T]]:
    remaining = iter(cases)
    while group := list(islice(remaining, size)):
        yield group
