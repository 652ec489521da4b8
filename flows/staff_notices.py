"""Letters to colleagues who are named, and not asked as a level of the ladder: the accused, the appellant, managers."""

from collections.abc import Iterable
from typing import Any

from sqlmodel import col, select

from engine.store import Store
from flows.notifications import Word, people, write
from flows.reaction_context import ReactionContext
from flows.work import off_loop
from locales.translation import label
from models import Actor
from statemachines.roles import Role


async def tell_person(context: ReactionContext, handle: str, template: str, **params: Any) -> None:
    """Write to one colleague by handle, if he has an address."""
    await _tell(context, await off_loop(_named, context.work.store, handle), template, params)


async def tell_roles(context: ReactionContext, roles: Iterable[Role], template: str, **params: Any) -> None:
    """Write to everybody in these roles, once each, whatever their department."""
    found = [actor for role in roles for actor in await off_loop(people, context.work.store, role, None)]
    await _tell(context, list({actor.handle: actor for actor in found}.values()), template, params)


async def _tell(context: ReactionContext, readers: list[Actor], template: str, params: dict[str, Any]) -> None:
    """Each letter is keyed by the delivery, the template and the reader (law 3), and in the reader's language."""
    for actor in readers:
        if not actor.email:
            continue
        said = {name: _worded(context, actor.locale, value) for name, value in params.items()}
        key = f"{context.key}:{template}:{actor.handle}"
        await write(context.work, key, actor.email, actor.locale, template, number=context.number, **said)


def _worded(context: ReactionContext, locale: str, value: Any) -> Any:
    return label(locale, context.table.kind, value.sort, value.name) if isinstance(value, Word) else value


def _named(store: Store, handle: str) -> list[Actor]:
    with store.reading() as session:
        return list(session.exec(select(Actor).where(col(Actor.handle) == handle)).all())
