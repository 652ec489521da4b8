"""Letters to colleagues who are named, and not asked as a level of the ladder: the accused, the appellant, managers."""

from collections.abc import Iterable
from typing import Any

from sqlmodel import col, select

from engine.store import Store
from flows.letters import Word, people, write
from flows.moment import Moment
from flows.wording import label
from flows.work import off_loop
from models import Actor
from statemachines.roles import Role


async def tell_person(moment: Moment, handle: str, template: str, **params: Any) -> None:
    """Write to one colleague by handle, if he has an address."""
    await _tell(moment, await off_loop(_named, moment.work.store, handle), template, params)


async def tell_roles(moment: Moment, roles: Iterable[Role], template: str, **params: Any) -> None:
    """Write to everybody in these roles, once each, whatever their department."""
    found = [actor for role in roles for actor in await off_loop(people, moment.work.store, role, None)]
    await _tell(moment, list({actor.handle: actor for actor in found}.values()), template, params)


async def _tell(moment: Moment, readers: list[Actor], template: str, params: dict[str, Any]) -> None:
    """Each letter is keyed by the delivery, the template and the reader (law 3), and in the reader's language."""
    for actor in readers:
        if not actor.email:
            continue
        said = {name: _worded(moment, actor.locale, value) for name, value in params.items()}
        key = f"{moment.key}:{template}:{actor.handle}"
        await write(moment.work, key, actor.email, actor.locale, template, number=moment.number, **said)


def _worded(moment: Moment, locale: str, value: Any) -> Any:
    return label(locale, moment.table.kind, value.sort, value.name) if isinstance(value, Word) else value


def _named(store: Store, handle: str) -> list[Actor]:
    with store.reading() as session:
        return list(session.exec(select(Actor).where(col(Actor.handle) == handle)).all())
