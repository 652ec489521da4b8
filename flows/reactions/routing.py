"""Assigns a classified complaint to the least busy handler of the responsible department."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import col, select

from engine.store import Store
from flows.reaction_context import ReactionContext
from flows.reaction_registry import entering
from flows.work import off_loop
from models import Actor, Case
from reports.trainings import certified_for
from statemachines.complaint import CLASSIFIED, COMPLAINT
from statemachines.roles import Role


@dataclass(frozen=True, slots=True)
class Workload:
    """The handlers of each department, and how many open cases each has."""

    handlers: dict[str | None, list[str]]
    load: Counter[str | None]

    def next_owner(self, department: str, certified: Collection[str] | None) -> str | None:
        """Return the handler with the fewest open cases, and count the new one; of several, the first by handle.

        ``certified`` are those who may be given a customer's case; None where nobody needs a certificate.
        """
        handlers = self.handlers.get(department, [])
        handlers = handlers if certified is None else [handle for handle in handlers if handle in certified]
        owner = min(handlers, key=lambda handle: (self.load[handle], handle), default=None)
        self.load[owner] += 1
        return owner


@entering(COMPLAINT, CLASSIFIED)
async def route_case(context: ReactionContext) -> None:
    """Assign an owner in the department the classification names."""
    case = await context.case()
    if case.closed or case.owner is not None or case.department is None:
        return
    workload = await context.once(workload_of)
    certified = await off_loop(certified_for, context.work.store, case.pack, await context.work.now())
    owner = workload.next_owner(case.department, certified)
    if owner is not None:
        await context.propose("assign", department=case.department, owner=owner)


def workload_of(store: Store) -> Workload:
    """Count the open cases of each handler who is there. A batch counts once, and then adds what it assigns itself."""
    handlers: dict[str | None, list[str]] = {}
    now = store.now()
    with store.reading() as session:
        for actor in session.exec(select(Actor)):
            if Role.HANDLER in actor.roles.split() and actor.available(now):
                handlers.setdefault(actor.department, []).append(actor.handle)
        open_cases = select(Case.owner, func.count()).where(col(Case.closed).is_(False)).group_by(col(Case.owner))
        load = dict(session.exec(open_cases).all())
    return Workload(handlers, Counter(load))
