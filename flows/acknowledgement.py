"""What the customer said when his case was opened, for a case that is to go on as another one."""

from typing import Final

from sqlmodel import select

from engine.store import Store
from flows.reaction_context import ReactionContext
from flows.work import off_loop
from models import Statement

OPENING: Final = 1
"""The ``seq`` of every case's first transition."""


async def first_words(context: ReactionContext) -> dict[str, str]:
    """The statements of the opening by field (subject, text, demand, shipment); what was erased is left out."""
    return await off_loop(_read, context.work.store, context.leased.happened.case_id)


def _read(store: Store, case_id: int) -> dict[str, str]:
    with store.reading() as session:
        said = select(Statement).where(Statement.case_id == case_id, Statement.seq == OPENING)
        return {one.field: one.content for one in session.exec(said).all() if one.content}
