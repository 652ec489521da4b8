"""What the reactions of one batch share: their moves make one transaction, their reads one query."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlmodel import col, select

from engine.commands.advance import Answer, Command, advance, advance_many
from engine.store import Store
from flows.data_loader import DataLoader
from flows.work import Work, off_loop
from models import Case, Party, Statement
from reports.current_names import current
from statemachines.lifecycle import Refused

T = TypeVar("T")

Said = tuple[int, int]
"""A move of a case: the case's key and the move's seq."""


class BatchContext:
    """Each reaction asks for itself, and sees the store as it stands then; see Note [Nobody waits for company]."""

    def __init__(self, work: Work) -> None:
        store = work.store
        self._work = work
        self._known: dict[Callable[[Store], Any], asyncio.Task[Any]] = {}
        self.moves = DataLoader[Command, Answer](self._move)
        """Commands are carried out in the order in which they came; each is refused alone."""
        self.cases = DataLoader[int, Case](lambda ids: off_loop(_cases, store, ids))
        self.parties = DataLoader[int, Party | None](lambda ids: off_loop(_parties, store, ids))
        self.words = DataLoader[Said, dict[str, str]](lambda said: off_loop(_words, store, said))

    async def once(self, ask: Callable[[Store], T]) -> T:
        """What a look at the store says, taken once for the whole batch."""
        if ask not in self._known:
            self._known[ask] = asyncio.create_task(off_loop(ask, self._work.store))
        return await asyncio.shield(self._known[ask])

    async def _move(self, commands: Sequence[Command]) -> Sequence[Answer | Exception]:
        """All in one transaction. What breaks it is told to the one who brought it: then each is made by itself."""
        if len(commands) > 1:
            try:
                return await off_loop(advance_many, self._work.store, commands, await self._work.now())
            except Refused as refused:
                if refused.code != "contended":  # the database can do none of them, nor each by itself
                    return [refused] * len(commands)
            except Exception:  # noqa: BLE001, S110 (whose it is shows below; all of it was undone)
                pass
        return [await self._move_alone(command) for command in commands]

    async def _move_alone(self, command: Command) -> Answer | Exception:
        try:
            return await off_loop(advance, self._work.store, command, await self._work.now())
        except Exception as error:  # noqa: BLE001 (the asker raises it)
            return error


def _cases(store: Store, ids: Sequence[int]) -> list[Case]:
    with store.reading() as session:
        found = {case.id: current(case) for case in session.exec(select(Case).where(col(Case.id).in_(set(ids))))}
    return [found[case_id] for case_id in ids]


def _parties(store: Store, ids: Sequence[int]) -> list[Party | None]:
    with store.reading() as session:
        joined = select(Case.id, Party).join(Party).where(col(Case.id).in_(set(ids)))
        found = dict(session.exec(joined).all())
    return [found.get(case_id) for case_id in ids]


def _words(store: Store, said: Sequence[Said]) -> list[dict[str, str]]:
    found: dict[Said, dict[str, str]] = {one: {} for one in said}
    with store.reading() as session:
        cases = {case_id for case_id, _ in said}
        for one in session.exec(select(Statement).where(col(Statement.case_id).in_(cases))):
            if (one.case_id, one.seq) in found:
                found[one.case_id, one.seq][one.field] = one.content or ""
    return [found[one] for one in said]
