"""What the reactions of one batch share: their moves run in one transaction, and their reads in one query."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import bindparam
from sqlmodel import col, select

from engine.commands.advance import advance
from engine.commands.advance_many import advance_many
from engine.commands.command import Answer, Command
from engine.store import Store
from flows.work import Work, off_loop
from models import Case, Party, Statement
from reports.current_names import current
from statemachines.lifecycle import Refused

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")

GROUP_LIMIT = 100
"""The most requests answered together: a group of moves is one transaction, and other writers must get their turn."""

IDS = bindparam("ids", expanding=True)
# These queries are made once: to make one takes SQLAlchemy as long as to run it.
CASES = select(Case).where(col(Case.id).in_(IDS))
PARTIES = select(Case.id, Party).join(Party).where(col(Case.id).in_(IDS))
STATEMENTS = select(Statement).where(col(Statement.case_id).in_(IDS))

# Note [A group waits for nobody]
# A group is whatever has been requested by the time that no other task is ready to run. There is no timer and no count
# of tasks that may still ask: the task that answers is queued behind those that are ready, and while it answers one
# group the next one gathers. So a lone request is answered at once, a task that waits for a slow mail server delays
# nobody, and under load groups grow as large as the work is slow. It cannot deadlock, because it never waits for a
# task that might ask.


class DataLoader(Generic[K, V]):
    """Answers requests in groups, one group at a time, in the order of the requests.

    ``load`` gets the keys of a group and returns a value or an error for each; an error that it raises goes to the
    whole group. A loader belongs to the event loop in which it is first used.
    """

    group_limit = GROUP_LIMIT

    def __init__(self, load: Callable[[Sequence[K]], Awaitable[Sequence[V | Exception]]]) -> None:
        self._load = load
        self._waiting: list[tuple[K, asyncio.Future[V]]] = []
        self._loading: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V:
        """Return the value for this key. Raises the error that was returned for it."""
        value: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, value))
        if self._loading is None:
            self._loading = asyncio.create_task(self._load_all())
        return await value

    async def _load_all(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[: self.group_limit], self._waiting[self.group_limit :]
                await self._load_group(group)
                await asyncio.sleep(0)  # tasks that got their value run on, and may request the next one
        finally:
            self._loading = None

    async def _load_group(self, group: list[tuple[K, asyncio.Future[V]]]) -> None:
        try:
            values = await self._load([key for key, _ in group])
        except Exception as error:  # noqa: BLE001 (each task of the group raises it)
            values = [error] * len(group)
        for (_, future), value in zip(group, values, strict=True):
            if future.done():  # cancelled meanwhile
                continue
            if isinstance(value, Exception):
                future.set_exception(value)
            else:
                future.set_result(value)


MoveKey = tuple[int, int]
"""A move: the case's key and the move's seq."""


LoadGroup = Callable[[Work, Sequence[K]], Awaitable[Sequence[V | Exception]]]
"""A function that returns a value or an error for each key of a group; an error that it raises goes to all of them."""


class BatchContext:
    """The shared loaders of a batch. Each reaction sees the store as it is when its group is answered.

    See Note [A group waits for nobody].
    """

    def __init__(self, work: Work) -> None:
        store = work.store
        self._work = work
        self._cache: dict[Callable[[Store], Any], asyncio.Task[Any]] = {}
        self._loaders: dict[LoadGroup[Any, Any], DataLoader[Any, Any]] = {}
        self.moves = DataLoader[Command, Answer](self._move)
        """Commands run in the order of the requests; each is refused alone."""
        self.cases = DataLoader[int, Case](lambda ids: off_loop(_cases, store, ids))
        self.parties = DataLoader[int, Party | None](lambda ids: off_loop(_parties, store, ids))
        self.statements = DataLoader[MoveKey, dict[str, str]](lambda keys: off_loop(_statements, store, keys))

    async def once(self, query: Callable[[Store], T]) -> T:
        """Return the result of a query that runs once for the whole batch."""
        if query not in self._cache:
            self._cache[query] = asyncio.create_task(off_loop(query, self._work.store))
        return await asyncio.shield(self._cache[query])

    async def grouped(self, load: "LoadGroup[K, V]", key: K) -> V:
        """Return the value for a key from a function that answers the requests of several reactions together.

        Raises the error that it returned for the key.
        """
        if load not in self._loaders:
            self._loaders[load] = DataLoader(lambda keys: load(self._work, keys))
        return await cast(DataLoader[K, V], self._loaders[load]).get(key)

    async def _move(self, commands: Sequence[Command]) -> Sequence[Answer | Exception]:
        """Run all commands in one transaction; if one breaks it, run each in a transaction of its own."""
        if len(commands) > 1:
            try:
                return await off_loop(advance_many, self._work.store, commands, await self._work.now())
            except Refused as refused:
                if refused.code != "contended":  # the database can run none of them, not even alone
                    return [refused] * len(commands)
            except Exception:  # noqa: BLE001, S110 (all is rolled back; running them alone shows which one fails)
                pass
        return [await self._move_alone(command) for command in commands]

    async def _move_alone(self, command: Command) -> Answer | Exception:
        try:
            return await off_loop(advance, self._work.store, command, await self._work.now())
        except Exception as error:  # noqa: BLE001 (the reaction raises it)
            return error


def _cases(store: Store, ids: Sequence[int]) -> list[Case]:
    with store.reading() as session:
        by_id = {case.id: current(case) for case in session.exec(CASES, params={"ids": [*set(ids)]})}
    return [by_id[case_id] for case_id in ids]


def _parties(store: Store, ids: Sequence[int]) -> list[Party | None]:
    with store.reading() as session:
        by_id = dict(session.exec(PARTIES, params={"ids": [*set(ids)]}).all())
    return [by_id.get(case_id) for case_id in ids]


def _statements(store: Store, keys: Sequence[MoveKey]) -> list[dict[str, str]]:
    by_move: dict[MoveKey, dict[str, str]] = {key: {} for key in keys}
    with store.reading() as session:
        cases = {case_id for case_id, _ in keys}
        for statement in session.exec(STATEMENTS, params={"ids": [*cases]}):
            if (statement.case_id, statement.seq) in by_move:
                by_move[statement.case_id, statement.seq][statement.field] = statement.content or ""
    return [by_move[key] for key in keys]
