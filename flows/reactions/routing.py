"""A classified complaint goes to the person of the responsible department who has least to do."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import col, select

from engine.store import Store
from flows.reaction_context import ReactionContext
from flows.reaction_registry import entering
from models import Actor, Case
from statemachines.complaint import CLASSIFIED, COMPLAINT
from statemachines.roles import Role


@dataclass(frozen=True, slots=True)
class Desks:
    """Who handles cases in which department, and how many open ones each has."""

    handlers: dict[str | None, list[str]]
    load: Counter[str | None]

    def take(self, department: str) -> str | None:
        """The handler with the fewest open cases, who has one more now; by handle where several are alike."""
        handlers = self.handlers.get(department, [])
        owner = min(handlers, key=lambda handle: (self.load[handle], handle), default=None)
        self.load[owner] += 1
        return owner


@entering(COMPLAINT, CLASSIFIED)
async def route_case(context: ReactionContext) -> None:
    """Assign an owner in the department the classification names."""
    case = await context.case()
    if case.closed or case.owner is not None or case.department is None:
        return
    desks = await context.once(desks_of)
    owner = desks.take(case.department)
    if owner is not None:
        await context.advance("assign", department=case.department, owner=owner)


def desks_of(store: Store) -> Desks:
    """The desks as they stand. A batch counts once, and what it gives out itself."""
    handlers: dict[str | None, list[str]] = {}
    with store.reading() as session:
        for actor in session.exec(select(Actor)):
            if Role.HANDLER in actor.roles.split():
                handlers.setdefault(actor.department, []).append(actor.handle)
        counted = select(Case.owner, func.count()).where(col(Case.closed).is_(False)).group_by(col(Case.owner))
        load = dict(session.exec(counted).all())
    return Desks(handlers, Counter(load))
