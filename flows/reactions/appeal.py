"""Reactions to evaluations and staff appeals: tell the people concerned, move the disputed case (E4, F2)."""

import json
from typing import Any

from sqlmodel import col, select

from engine.store import Store
from flows.notifications import Word, tell_person
from flows.reaction_context import ReactionContext
from flows.reaction_registry import entering, on_move, on_open
from flows.reactions.intake import acknowledge_contact
from flows.work import off_loop
from models import Case
from statemachines.appeal import APPEAL, REFUSED, TAKEN_UP, WITHDRAWN, Inadmissible
from statemachines.evaluation import EVALUATED, EVALUATION
from statemachines.lifecycle import Refused

NOT_DISPUTABLE = frozenset({"not_now", "guard", "unknown_case", "unknown_move"})
"""Refusals that mean: there is nothing to dispute, or no longer."""
SUBJECTS = ("accused", "evaluated", "concerned", "appraised")
"""The case variables that name the person a disputed case is about, who alone may appeal."""

on_open(EVALUATION)(acknowledge_contact)


@on_move(EVALUATION, "assess")
async def tell_evaluated(context: ReactionContext) -> None:
    """Mail the person evaluated, who may appeal (E7); events of the past are not mailed."""
    handle = context.form.get(EVALUATED)
    if handle is not None and not context.historic:
        await tell_person(context, handle, "evaluated")


@on_move(APPEAL, "take_up", "take_on")
async def admit_appeal(context: ReactionContext) -> None:
    """Admit the appeal; where the appellant cannot dispute the case, propose a refusal to two people instead."""
    case, variables = await context.case(), await _variables(context)
    if case.state != TAKEN_UP:
        return
    bar = await _inadmissible(context, variables["about"], variables["appellant"])
    await (context.advance("admit") if bar is None else context.advance("propose_refusal", code=bar))


async def _inadmissible(context: ReactionContext, about: str, appellant: str) -> Inadmissible | None:
    """Return why the appeal is inadmissible; if it is admissible, the disputed case has been moved."""
    if await off_loop(_subject, context.work.store, about) not in {None, appellant}:
        return Inadmissible.NOT_CONCERNED
    if await _child_of(context, about):
        return None
    try:
        await context.advance_other(about, "appealed", case=context.number)
    except Refused as refused:
        if refused.code in NOT_DISPUTABLE:
            return Inadmissible.NOT_APPEALABLE
        raise
    return None


@on_move(APPEAL, "uphold_appeal")
async def correct_disputed(context: ReactionContext) -> None:
    """Require the disputed case to be corrected, and what rested on it to be computed again."""
    about = (await _variables(context))["about"]
    await context.advance_other(about, "appeal_upheld", case=context.number, recompute=context.form["recompute"])


@on_move(APPEAL, "dismiss_appeal")
async def confirm_disputed(context: ReactionContext) -> None:
    """Confirm the disputed decision."""
    await _confirm(context)


@entering(APPEAL, REFUSED, WITHDRAWN)
async def release_disputed(context: ReactionContext) -> None:
    """Confirm the disputed decision, if its case waits for this appeal."""
    variables = await _variables(context)
    if "admitted" in variables or ("about" in variables and await _child_of(context, variables["about"])):
        await _confirm(context)


@on_move(APPEAL, "uphold_appeal", "dismiss_appeal", "refuse")
async def tell_appellant(context: ReactionContext) -> None:
    """Mail the appellant the decision and its reasons."""
    appellant = (await _variables(context)).get("appellant")
    if appellant is None or context.historic:
        return
    outcome, reasons = Word("move", context.event.move), await context.statement("correction", "reasons", "told")
    await tell_person(context, appellant, "appeal_decided", outcome=outcome, words=reasons)


async def _confirm(context: ReactionContext) -> None:
    about = (await _variables(context))["about"]
    await context.advance_other(about, "appeal_dismissed", case=context.number)


async def _variables(context: ReactionContext) -> dict[str, Any]:
    return json.loads((await context.case()).variables)


async def _child_of(context: ReactionContext, about: str) -> bool:
    """Return whether the disputed case lodged this appeal itself, and so waits for it already."""
    return (about, APPEAL.kind) in {(parent.number, parent.relation) for parent in await context.parents()}


def _subject(store: Store, about: str) -> str | None:
    with store.reading() as session:
        recorded = session.exec(select(Case.variables).where(col(Case.number) == about)).first()
    variables: dict[str, Any] = json.loads(recorded or "{}")
    return next((variables[name] for name in SUBJECTS if name in variables), None)
