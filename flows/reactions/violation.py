"""Reactions to a violation: tell the people concerned, and open a case for an appeal (F2)."""

import json
from collections.abc import Iterable

from engine.store import Store
from flows.notifications import Word, tell_person, tell_roles
from flows.reaction_context import ReactionContext
from flows.reaction_registry import on_move, on_open
from flows.reactions.intake import acknowledge_contact
from flows.work import off_loop
from statemachines.roles import LEVELS
from statemachines.violation import VIOLATION

APPEAL = "appeal"
"""The relation of an appeal to the disputed case; also its kind of case, and the disputed case's move."""

MOVE_ACTORS = (
    "SELECT t.move, a.handle FROM transition t JOIN actor a ON a.id = t.actor_id WHERE t.case_id = :id ORDER BY t.seq"
)

on_open(VIOLATION)(acknowledge_contact)


@on_move(VIOLATION, "publish_inside")
async def publish_decision(context: ReactionContext) -> None:
    """Mail the notice to every supervisor and manager, who pass it on to their people."""
    if not context.historic:
        await tell_roles(context, LEVELS[1:], "violation_published", notice=await context.statement("notice"))


@on_move(VIOLATION, "decide", "amend_decision")
async def tell_accused(context: ReactionContext) -> None:
    """Mail the accused the decision and its grounds: he may dispute it."""
    accused = json.loads((await context.case()).variables).get("accused")
    if accused is None or context.historic:
        return
    penalty = Word("penalty", context.form["penalty"])
    await tell_person(context, accused, "penalty_decided", penalty=penalty, grounds=await context.statement("grounds"))


@on_move(VIOLATION, "appeal")
async def lodge_appeal(context: ReactionContext) -> None:
    """Open a case for the appeal, with the people who may not sit on its panel."""
    no_party = dict.fromkeys(("customer", "phone", "email"))  # the appellant is not the reporter
    lodged = await context.open(APPEAL, APPEAL, await context.statement("grounds"), **no_party)
    decided = await _last_actor(context, "decide", "amend_decision")
    recused = {
        "appellant": await _last_actor(context, APPEAL),
        "investigated_by": await _last_actor(context, "conclude"),
    }
    await context.advance_other(lodged.number, "take_up", about=context.number, decided_by=decided, **recused)


async def _last_actor(context: ReactionContext, *moves: str) -> str | None:
    """Return the handle of whoever made the last of these moves."""
    return await off_loop(_find_last_actor, context.work.store, context.event.case_id, moves)


def _find_last_actor(store: Store, case_id: int, moves: Iterable[str]) -> str | None:
    with store.looking() as tx:
        made = [row.handle for row in tx.rows(MOVE_ACTORS, id=case_id) if row.move in moves]
    return made[-1] if made else None
