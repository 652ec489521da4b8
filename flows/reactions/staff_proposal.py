"""Reactions to proposals of the staff (E5): tell the proposer what became of it, and have the reward decided on."""

import json

from flows.notifications import Word, tell_person
from flows.reaction_context import ReactionContext
from flows.reaction_registry import on_move
from flows.reactions.violation import maker_of
from flows.work import off_loop
from statemachines.ledger_entry import LEDGER_ENTRY, Sort
from statemachines.staff_proposal import STAFF_PROPOSAL

REWARD = "reward"
"""The relation of an entry of the ledger to the proposal that it rewards."""


@on_move(STAFF_PROPOSAL, "assess", "try_out", "verify_effect", "reward", "decline")
async def tell_proposer(context: ReactionContext) -> None:
    """Mail the proposer each decision on his proposal and what was said of it."""
    proposer = json.loads((await context.case()).variables)["proposer"]
    if not context.historic:
        words = await context.statement("opinion", "measure", "evidence", "reward", "reason")
        outcome = Word("state", context.event.dest)
        await tell_person(context, proposer, "proposal_news", outcome=outcome, words=words)


@on_move(STAFF_PROPOSAL, "reward")
async def propose_entry(context: ReactionContext) -> None:
    """Open an entry of the ledger for the reward; somebody else than who asked for it decides."""
    case = await context.case()
    asked_by = await off_loop(maker_of, context.work.store, context.event.case_id, context.event.seq)
    entry = await context.open(LEDGER_ENTRY.kind, REWARD, context.number)
    await context.advance_other(
        entry.number,
        "propose",
        sort=Sort.COMMENDATION,
        department=case.department,
        concerned=json.loads(case.variables)["proposer"],
        evidence=context.number,
        grounds=await context.statement("reward"),
        proposed_by=asked_by,
    )
