"""What is decided on a violation is told to whom it concerns, and an appeal against it becomes a case (F2)."""

import json
from collections.abc import Iterable

from engine.store import Store
from flows.notifications import CUSTOMER, Word, send
from flows.reaction_context import ReactionContext
from flows.reaction_registry import on_move, on_open
from flows.reactions.intake import acknowledge_contact
from flows.staff_notices import tell_person, tell_roles
from flows.work import off_loop
from statemachines.roles import LEVELS
from statemachines.violation import VIOLATION

APPEAL = "appeal"
"""The relation of an appeal to the case it is against, and the kind of case it is."""

MADE = (
    "SELECT t.move, a.handle FROM transition t JOIN actor a ON a.id = t.actor_id WHERE t.case_id = :id ORDER BY t.seq"
)

on_open(VIOLATION)(acknowledge_contact)


@on_move(VIOLATION, "tell_customer")
async def tell_affected_customer(context: ReactionContext) -> None:
    """The affected customer reads what was decided; who left no address is told by phone, and the move says so."""
    if not context.historic:
        await send(context, CUSTOMER, "violation_decided", message=await context.words("message"))


@on_move(VIOLATION, "dismiss")
async def tell_reporter(context: ReactionContext) -> None:
    """Whoever reported, and gave an address, reads why nothing comes of it (A7)."""
    if not context.historic:
        await send(context, CUSTOMER, "report_dismissed", message=await context.words("told"))


@on_move(VIOLATION, "publish_inside")
async def publish_decision(context: ReactionContext) -> None:
    """Every supervisor and manager has the notice, and hands it on to his people."""
    if not context.historic:
        await tell_roles(context, LEVELS[1:], "violation_published", notice=await context.words("notice"))


@on_move(VIOLATION, "decide", "amend_decision")
async def tell_accused(context: ReactionContext) -> None:
    """The accused reads the decision and its grounds, for he may dispute it."""
    accused = json.loads((await context.case()).variables).get("accused")
    if accused is None or context.historic:
        return
    penalty = Word("penalty", context.form["penalty"])
    await tell_person(context, accused, "penalty_decided", penalty=penalty, grounds=await context.words("grounds"))


@on_move(VIOLATION, "appeal")
async def lodge_appeal(context: ReactionContext) -> None:
    """The dispute becomes a case of its own, which knows from the start who may not sit on the panel."""
    nobody = dict.fromkeys(("customer", "phone", "email"))  # the appellant is not whoever reported
    lodged = await context.open(APPEAL, APPEAL, await context.words("grounds"), **nobody)
    decided = await _maker(context, "decide", "amend_decision")
    concerned = {"appellant": await _maker(context, APPEAL), "investigated_by": await _maker(context, "conclude")}
    await context.advance_other(lodged.number, "take_up", about=context.number, decided_by=decided, **concerned)


async def _maker(context: ReactionContext, *moves: str) -> str | None:
    """Who made the last of these moves."""
    return await off_loop(_last_maker, context.work.store, context.leased.happened.case_id, moves)


def _last_maker(store: Store, case_id: int, moves: Iterable[str]) -> str | None:
    with store.looking() as tx:
        made = [row.handle for row in tx.rows(MADE, id=case_id) if row.move in moves]
    return made[-1] if made else None
