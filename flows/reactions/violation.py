"""Reactions to a violation: tell the people concerned, and open a case for an appeal (F2)."""

import json

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

MAKER = "SELECT a.handle FROM transition t JOIN actor a ON a.id = t.actor_id WHERE t.case_id = :id AND t.seq = :seq"

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
    """Open a case for the appeal, of whoever appealed."""
    no_party = dict.fromkeys(("customer", "phone", "email"))  # the appellant is not the reporter
    lodged = await context.open(APPEAL, APPEAL, await context.statement("grounds"), **no_party)
    appellant = await off_loop(maker_of, context.work.store, context.event.case_id, context.event.seq)
    await context.advance_other(lodged.number, "take_up", about=context.number, appellant=appellant)


def maker_of(store: Store, case_id: int, seq: int) -> str:
    """Return the handle of who made a move."""
    with store.looking() as tx:
        return tx.row(MAKER, id=case_id, seq=seq).handle
