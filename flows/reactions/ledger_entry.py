"""Reactions to entries of the ledger of rewards and penalties (E5): tell whom they concern, mark what is corrected."""

import json

from flows.notifications import Word, tell_person
from flows.reaction_context import ReactionContext
from flows.reaction_registry import on_move
from statemachines.ledger_entry import LEDGER_ENTRY
from statemachines.refused import Refused

NEVER_MADE = "not_now"
"""The refusal that means: the entry that is corrected was proposed or declined, but not made."""


@on_move(LEDGER_ENTRY, "enter")
async def tell_concerned(context: ReactionContext) -> None:
    """Mail the person whom the entry concerns, who may read it and appeal."""
    of = json.loads((await context.case()).variables)
    if of.get("concerned") is not None and not context.historic:
        reasons = await context.statement("reasons")
        await tell_person(context, of["concerned"], "entry_made", sort=Word("sort", of["sort"]), reasons=reasons)


@on_move(LEDGER_ENTRY, "enter")
async def mark_corrected(context: ReactionContext) -> None:
    """Record at the entry that a counter-entry corrects which one that is; the entry itself stays."""
    corrects = json.loads((await context.case()).variables).get("corrects")
    if corrects is None:
        return
    try:
        await context.advance_other(corrects, "corrected", case=context.number)
    except Refused as refused:
        if refused.code != NEVER_MADE:
            raise
