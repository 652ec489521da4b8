"""A piece of work that either the flow or the caller runs, and the flag that says which of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Literal, TypeVar, cast

from flows.run_info import RunInfo, RunResult

# Note [Exactly once]
# "Try the flow, on error run the plain function" does the work twice: a server that dies during a call lets the body
# finish and raises afterwards, up to two minutes later. So the body belongs to an Attempt with one owner. The flow's
# body and the unobserved path both claim it, in one event loop and with no await between check and claim; the second
# one leaves the work alone. This holds within a process; across a crash the keys in our database do.

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
        """Become the owner of the work; return whether it had none."""
        if self.owner is not None:
            return False
        self.owner = owner
        return True

    async def work_in_flow(self, run_id: str | None) -> None:
        """Do the claimed work and keep its result or error for the caller. Raises only when cancelled."""
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
        """Create the artifacts of the work in its run; the caller does not wait for this."""
        if self._leave is not None:
            await self._leave(cast(T, self._result))

    async def result(self) -> RunResult[T]:
        """Return the result of the work in the flow, or raise its error, as soon as it has ended."""
        await self.done.wait()
        if self.error is not None:
            raise self.error
        return RunResult(cast(T, self._result), observed=True, run_id=self.run_id)

    async def abandon(self) -> None:
        """Cancel the work with its caller: work that has not begun never does, work in the flow is cancelled."""
        if self.claim("nobody") or self.owner != "flow" or self.run is None or self.done.is_set():
            return
        self.run.cancel()
        await self.done.wait()


AnyAttempt = Attempt[Any]
