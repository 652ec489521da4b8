"""A classified complaint goes to the person of the responsible department who has least to do."""

from sqlalchemy import func
from sqlmodel import col, select

from engine.store import Store
from flows.moment import Moment
from flows.reacting import entering
from flows.work import off_loop
from models import Actor, Case
from statemachines.complaint import CLASSIFIED, COMPLAINT
from statemachines.roles import Role


@entering(COMPLAINT, CLASSIFIED)
async def route_case(moment: Moment) -> None:
    """Assign an owner in the department the classification names."""
    case = await moment.case()
    if case.closed or case.owner is not None or case.department is None:
        return
    owner = await off_loop(least_busy, moment.work.store, case.department)
    if owner is not None:
        await moment.advance("assign", department=case.department, owner=owner)


def least_busy(store: Store, department: str) -> str | None:
    """The handler of a department with the fewest open cases; by handle where several are alike."""
    with store.reading() as session:
        actors = session.exec(select(Actor).where(Actor.department == department)).all()
        handlers = sorted(actor.handle for actor in actors if Role.HANDLER in actor.roles.split())
        counted = select(Case.owner, func.count()).where(col(Case.closed).is_(False)).group_by(col(Case.owner))
        load = dict(session.exec(counted).all())
    return min(handlers, key=lambda handle: (load.get(handle, 0), handle), default=None)
