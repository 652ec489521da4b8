"""What is decided on a violation is told to whom it concerns, and an appeal against it becomes a case (F2)."""

import json
from collections.abc import Iterable

from engine.store import Store
from flows.colleagues import tell_person, tell_roles
from flows.letters import CUSTOMER, Word, send
from flows.moment import Moment
from flows.reacting import on_move, on_open
from flows.reactions.intake import acknowledge_contact
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
async def tell_affected_customer(moment: Moment) -> None:
    """The affected customer reads what was decided; who left no address is told by phone, and the move says so."""
    if not moment.historic:
        await send(moment, CUSTOMER, "violation_decided", message=await moment.words("message"))


@on_move(VIOLATION, "dismiss")
async def tell_reporter(moment: Moment) -> None:
    """Whoever reported, and gave an address, reads why nothing comes of it (A7)."""
    if not moment.historic:
        await send(moment, CUSTOMER, "report_dismissed", message=await moment.words("told"))


@on_move(VIOLATION, "publish_inside")
async def publish_decision(moment: Moment) -> None:
    """Every supervisor and manager has the notice, and hands it on to his people."""
    if not moment.historic:
        await tell_roles(moment, LEVELS[1:], "violation_published", notice=await moment.words("notice"))


@on_move(VIOLATION, "decide", "amend_decision")
async def tell_accused(moment: Moment) -> None:
    """The accused reads the decision and its grounds, for he may dispute it."""
    accused = json.loads((await moment.case()).known).get("accused")
    if accused is None or moment.historic:
        return
    penalty = Word("penalty", moment.form["penalty"])
    await tell_person(moment, accused, "penalty_decided", penalty=penalty, grounds=await moment.words("grounds"))


@on_move(VIOLATION, "appeal")
async def lodge_appeal(moment: Moment) -> None:
    """The dispute becomes a case of its own, which knows from the start who may not sit on the panel."""
    nobody = dict.fromkeys(("customer", "phone", "email"))  # the appellant is not whoever reported
    lodged = await moment.open(APPEAL, APPEAL, await moment.words("grounds"), **nobody)
    decided = await _maker(moment, "decide", "amend_decision")
    concerned = {"appellant": await _maker(moment, APPEAL), "investigated_by": await _maker(moment, "conclude")}
    await moment.advance_other(lodged.number, "take_up", about=moment.number, decided_by=decided, **concerned)


async def _maker(moment: Moment, *moves: str) -> str | None:
    """Who made the last of these moves."""
    return await off_loop(_last_maker, moment.work.store, moment.leased.happened.case_id, moves)


def _last_maker(store: Store, case_id: int, moves: Iterable[str]) -> str | None:
    with store.looking() as tx:
        made = [row.handle for row in tx.rows(MADE, id=case_id) if row.move in moves]
    return made[-1] if made else None
