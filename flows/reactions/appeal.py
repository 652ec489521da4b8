"""A staff appeal and the case it is against hear of each other, and the appellant of what became of it (E4, F2)."""

import json
from typing import Any

from sqlmodel import col, select

from engine.store import Store
from flows.colleagues import tell_person
from flows.letters import Word
from flows.moment import Moment
from flows.reacting import entering, on_move
from flows.work import off_loop
from models import Case
from statemachines.appeal import APPEAL, CLASSIFIED, REFUSED, WITHDRAWN, Inadmissible
from statemachines.lifecycle import Refused

NOT_DISPUTABLE = frozenset({"not_now", "guard", "unknown_case", "unknown_move"})
"""The refusals that say: there is nothing here, or nothing any more, that could be disputed."""
SUBJECTS = ("accused", "evaluated")
"""As what the disputed case knows the person it is about, who alone may appeal."""


@on_move(APPEAL, "take_up", "take_on")
async def admit_appeal(moment: Moment) -> None:
    """The disputed case is told; where it cannot be disputed by him, two people look at the appeal instead."""
    case, known = await moment.case(), await _known(moment)
    if case.state != CLASSIFIED:
        return
    bar = await _bar(moment, known["about"], known["appellant"])
    await (moment.advance("admit") if bar is None else moment.advance("propose_refusal", code=bar))


async def _bar(moment: Moment, about: str, appellant: str) -> Inadmissible | None:
    """What stands against hearing the appeal; if nothing does, the disputed case has been told."""
    if await off_loop(_subject, moment.work.store, about) not in {None, appellant}:
        return Inadmissible.NOT_CONCERNED
    if await _came_of(moment, about):
        return None
    try:
        await moment.advance_other(about, "appealed", case=moment.number)
    except Refused as refused:
        if refused.code in NOT_DISPUTABLE:
            return Inadmissible.NOT_APPEALABLE
        raise
    return None


@on_move(APPEAL, "uphold_appeal")
async def correct_disputed(moment: Moment) -> None:
    """What was disputed must be put right, and what rested on it is reckoned again."""
    about = (await _known(moment))["about"]
    await moment.advance_other(about, "appeal_upheld", case=moment.number, recompute=moment.form["recompute"])


@on_move(APPEAL, "dismiss_appeal")
async def confirm_disputed(moment: Moment) -> None:
    """What was disputed stands."""
    await _let_stand(moment)


@entering(APPEAL, REFUSED, WITHDRAWN)
async def release_disputed(moment: Moment) -> None:
    """What was disputed stands, if it ever waited for this appeal."""
    known = await _known(moment)
    if "admitted" in known or ("about" in known and await _came_of(moment, known["about"])):
        await _let_stand(moment)


@on_move(APPEAL, "uphold_appeal", "dismiss_appeal", "refuse")
async def tell_appellant(moment: Moment) -> None:
    """The appellant reads what was decided, and why."""
    appellant = (await _known(moment)).get("appellant")
    if appellant is None or moment.historic:
        return
    outcome, words = Word("move", moment.leased.happened.move), await moment.words("correction", "reasons", "told")
    await tell_person(moment, appellant, "appeal_decided", outcome=outcome, words=words)


async def _let_stand(moment: Moment) -> None:
    about = (await _known(moment))["about"]
    await moment.advance_other(about, "appeal_dismissed", case=moment.number)


async def _known(moment: Moment) -> dict[str, Any]:
    return json.loads((await moment.case()).known)


async def _came_of(moment: Moment, about: str) -> bool:
    """Whether the disputed case lodged this appeal itself, and waits for it already."""
    return (about, APPEAL.kind) in {(parent.number, parent.relation) for parent in await moment.parents()}


def _subject(store: Store, about: str) -> str | None:
    with store.reading() as session:
        known = session.exec(select(Case.known).where(col(Case.number) == about)).first()
    told: dict[str, Any] = json.loads(known or "{}")
    return next((told[name] for name in SUBJECTS if name in told), None)
