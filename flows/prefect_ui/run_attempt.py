"""One piece of work that two parties want to do, and the flag that says whose it is."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Literal, TypeVar, cast

from flows.run_info import RunInfo, RunResult

# Note [Exactly once]
# "Try the flow, on error run the plain function" does the work twice: a server that dies during a call
# lets the body finish and raises afterwards, up to two minutes later. So the body belongs to an Attempt
# with one owner. The flow's body and the plain path both claim it, in one event loop and with no await
# between question and claim; whoever comes second leaves the work alone. This holds within a process;
# across a crash the keys in our database hold.

T = TypeVar("T")
Owner = Literal["flow", "plain", "nobody"]


class Attempt(Generic[T]):
    """See Note [Exactly once]."""

    def __init__(
        self,
        run_info: RunInfo,
        body: Callable[[], Awaitable[T]],
        leave: Callable[[T], Awaitable[None]] | None = None,
    ) -> None:
        self.run_info = run_info
        self.owner: Owner | None = None
        self.decided = asyncio.Event()  # the flow has begun the work, or has ended without it
        self.done = asyncio.Event()  # the work has ended, in the flow
        self.error: BaseException | None = None
        self.run_id: str | None = None
        self.run: asyncio.Task[None] | None = None
        self._body, self._leave = body, leave
        self._result: T | None = None

    def claim(self, owner: Owner) -> bool:
        if self.owner is not None:
            return False
        self.owner = owner
        return True

    async def work_in_flow(self, run_id: str | None) -> None:
        """Do the claimed work; keep its end for the caller. Raises nothing but the end of the task."""
        self.run_id = run_id
        self.decided.set()
        try:
            self._result = await self._body()
        except (asyncio.CancelledError, GeneratorExit) as error:
            self.error = error
            raise
        except BaseException as error:  # noqa: BLE001 (the caller raises it)
            self.error = error
        finally:
            self.done.set()

    async def leave(self) -> None:
        """Let the work leave something in its run, while its caller is long gone on."""
        if self._leave is not None:
            await self._leave(cast(T, self._result))

    async def seen(self) -> RunResult[T]:
        """The end of the work in the flow, for the caller: as soon as it is there."""
        await self.done.wait()
        if self.error is not None:
            raise self.error
        return RunResult(cast(T, self._result), observed=True, run_id=self.run_id)

    async def abandon(self) -> None:
        """The caller was cancelled: work that has not begun never will, work in the flow is cancelled too."""
        if self.claim("nobody") or self.owner != "flow" or self.run is None or self.done.is_set():
            return
        self.run.cancel()
        await self.done.wait()


AnyAttempt = Attempt[Any]
