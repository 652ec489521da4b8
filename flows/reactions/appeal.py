"""A staff appeal and the case it is against hear of each other, and the appellant of what became of it (E4, F2)."""

import json
from typing import Any

from sqlmodel import col, select

from engine.store import Store
from flows.notifications import Word
from flows.reaction_context import ReactionContext
from flows.reaction_registry import entering, on_move
from flows.staff_notices import tell_person
from flows.work import off_loop
from models import Case
from statemachines.appeal import APPEAL, REFUSED, TAKEN_UP, WITHDRAWN, Inadmissible
from statemachines.lifecycle import Refused

NOT_DISPUTABLE = frozenset({"not_now", "guard", "unknown_case", "unknown_move"})
"""The refusals that say: there is nothing here, or nothing any more, that could be disputed."""
SUBJECTS = ("accused", "evaluated")
"""As what the disputed case knows the person it is about, who alone may appeal."""


@on_move(APPEAL, "take_up", "take_on")
async def admit_appeal(context: ReactionContext) -> None:
    """The disputed case is told; where it cannot be disputed by him, two people look at the appeal instead."""
    case, known = await context.case(), await _known(context)
    if case.state != TAKEN_UP:
        return
    bar = await _bar(context, known["about"], known["appellant"])
    await (context.advance("admit") if bar is None else context.advance("propose_refusal", code=bar))


async def _bar(context: ReactionContext, about: str, appellant: str) -> Inadmissible | None:
    """What stands against hearing the appeal; if nothing does, the disputed case has been told."""
    if await off_loop(_subject, context.work.store, about) not in {None, appellant}:
        return Inadmissible.NOT_CONCERNED
    if await _came_of(context, about):
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
    """What was disputed must be put right, and what rested on it is reckoned again."""
    about = (await _known(context))["about"]
    await context.advance_other(about, "appeal_upheld", case=context.number, recompute=context.form["recompute"])


@on_move(APPEAL, "dismiss_appeal")
async def confirm_disputed(context: ReactionContext) -> None:
    """What was disputed stands."""
    await _let_stand(context)


@entering(APPEAL, REFUSED, WITHDRAWN)
async def release_disputed(context: ReactionContext) -> None:
    """What was disputed stands, if it ever waited for this appeal."""
    known = await _known(context)
    if "admitted" in known or ("about" in known and await _came_of(context, known["about"])):
        await _let_stand(context)


@on_move(APPEAL, "uphold_appeal", "dismiss_appeal", "refuse")
async def tell_appellant(context: ReactionContext) -> None:
    """The appellant reads what was decided, and why."""
    appellant = (await _known(context)).get("appellant")
    if appellant is None or context.historic:
        return
    outcome, words = Word("move", context.leased.happened.move), await context.words("correction", "reasons", "told")
    await tell_person(context, appellant, "appeal_decided", outcome=outcome, words=words)


async def _let_stand(context: ReactionContext) -> None:
    about = (await _known(context))["about"]
    await context.advance_other(about, "appeal_dismissed", case=context.number)


async def _known(context: ReactionContext) -> dict[str, Any]:
    return json.loads((await context.case()).variables)


async def _came_of(context: ReactionContext, about: str) -> bool:
    """Whether the disputed case lodged this appeal itself, and waits for it already."""
    return (about, APPEAL.kind) in {(parent.number, parent.relation) for parent in await context.parents()}


def _subject(store: Store, about: str) -> str | None:
    with store.reading() as session:
        known = session.exec(select(Case.variables).where(col(Case.number) == about)).first()
    told: dict[str, Any] = json.loads(known or "{}")
    return next((told[name] for name in SUBJECTS if name in told), None)
