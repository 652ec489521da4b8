"""What many ask for at the same time is answered together; nobody waits for company."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

MOST = 100
"""So many are answered together at most: a group of moves is one transaction, and others want to write, too."""

# Note [Nobody waits for company]
# A group is whatever has been asked by the time that nothing else is ready to run. No timer and no count of who
# may still ask: the task that answers is put behind those that are ready, and while it answers one group the next
# gathers by itself. So one alone is answered at once, one that waits for a slow mail server holds up nobody, and
# under load groups grow as large as the work itself is slow. It cannot lock up, for it never waits for an asker.


class DataLoader(Generic[Q, A]):
    """Answers questions in groups, one group at a time, in the order in which they were asked.

    ``answer`` gets the questions of a group and returns an answer or an error for each. What it raises itself,
    every asker of the group is told. Belongs to the event loop in which it is first asked.
    """

    most = MOST

    def __init__(self, answer: Callable[[Sequence[Q]], Awaitable[Sequence[A | Exception]]]) -> None:
        self._answer = answer
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._answering: asyncio.Task[None] | None = None

    async def ask(self, question: Q) -> A:
        """The answer to this question. Raises the error that was given for it."""
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._answering is None:
            self._answering = asyncio.create_task(self._answer_all())
        return await answer

    async def _answer_all(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[: self.most], self._waiting[self.most :]
                await self._answer_group(group)
                await asyncio.sleep(0)  # whoever was answered goes on, and may ask for the next thing
        finally:
            self._answering = None

    async def _answer_group(self, group: list[tuple[Q, asyncio.Future[A]]]) -> None:
        try:
            answers = await self._answer([question for question, _ in group])
        except Exception as error:  # noqa: BLE001 (whoever asked is told)
            answers = [error] * len(group)
        for (_, asked), answer in zip(group, answers, strict=True):
            if asked.done():  # given up meanwhile
                continue
            if isinstance(answer, Exception):
                asked.set_exception(answer)
            else:
                asked.set_result(answer)
