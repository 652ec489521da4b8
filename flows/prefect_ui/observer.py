"""The observer on Prefect: runs work as a flow run if the server answers in time, and without one otherwise."""

import asyncio
import contextlib
import importlib
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from prefect import Flow, tags
from prefect.client.orchestration import get_client
from prefect.logging.handlers import APILogHandler
from prefect.settings import (
    PREFECT_API_REQUEST_TIMEOUT,
    PREFECT_API_TLS_INSECURE_SKIP_VERIFY,
    PREFECT_API_URL,
    PREFECT_CLIENT_MAX_RETRIES,
    temporary_settings,
)

from flows.prefect_ui.run_creation import run_created
from flows.prefect_ui.run_start import STARTED, AnyStart, RunLost, Start
from flows.prefect_ui.run_states import LEFT_NOTHING
from flows.run_info import RunInfo, RunResult
from flows.work import Work

PROBE_SECONDS = 0.4
START_SECONDS = 0.9
FIRST_SECONDS = 5.0
"""The time that a server has to register our flows, and then the first run to begin."""
BREAKER_SECONDS = 15.0
ENGINE = ("prefect.flow_engine", "prefect.task_engine")
"""The modules that Prefect imports when the first flow is called, which takes a second."""
BACKLOG = 3
"""With more runs than this still leaving artifacts, optional artifacts are skipped."""

T = TypeVar("T")
AnyFlow = Flow[..., Any]


@dataclass
class ObserverCounts:
    """The runs of an observer since it was made, by how they went."""

    observed: int = 0
    plain: int = 0  # every unobserved run, whatever the reason
    no_probe: int = 0  # the server did not answer
    no_start: int = 0  # it answered, but no run began in time
    left_nothing: int = 0  # the work was done, but its artifacts could not be left
    unclosed: int = 0  # Prefect did not accept a run's final state


class PrefectObserver:
    """Observes runs on the Prefect server at ``api_url``; ``flows`` are the flows by their names.

    Belongs to the event loop in which it is first used.
    """

    def __init__(
        self,
        api_url: str,
        flows: Mapping[str, AnyFlow],
        *,
        probe_seconds: float = PROBE_SECONDS,
        start_seconds: float = START_SECONDS,
        breaker_seconds: float = BREAKER_SECONDS,
    ) -> None:
        self.api_url = api_url.rstrip("/")
        self.counts = ObserverCounts()
        self._flows = flows
        self._probe_seconds, self._start_seconds = probe_seconds, start_seconds
        self._breaker_seconds = breaker_seconds
        self._breaker_until = float("-inf")
        self._first_seconds: float | None = None
        self._http = httpx.AsyncClient(timeout=probe_seconds, trust_env=False)
        self._open: dict[AnyStart, asyncio.Future[None]] = {}
        self._context = _prefect_context(self.api_url)

    async def __aenter__(self) -> "PrefectObserver":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @property
    def breaker_open(self) -> bool:
        """Whether runs are not even offered to the server, because it failed a moment ago."""
        return asyncio.get_running_loop().time() < self._breaker_until

    async def run(self, run_info: RunInfo, work: Work, body: Callable[[Work], Awaitable[T]]) -> RunResult[T]:
        """Start the flow of this name, which runs the same body; if it does not begin in time, run the body here.

        See Note [Two may do the work].
        """
        start: Start[T] | None = None
        try:
            start = await self._started(run_info, work)
            if start is None:
                self.counts.plain += 1
                return RunResult(await body(work), observed=False, run_id=None)
            self.counts.observed += 1
            result, run_id = await start.result()
            return RunResult(result, observed=True, run_id=run_id)
        except asyncio.CancelledError:
            if start is not None:
                start.cancel()
                await start.ends()
            raise

    async def warm_up(self) -> None:
        """Let Prefect load what the first run needs, and register our flows, before a run must be fast.

        Takes at most ``FIRST_SECONDS``.
        """
        registered = False

        async def register() -> None:
            nonlocal registered
            with contextlib.suppress(Exception):  # the first run is slower, no more
                for module in ENGINE:
                    importlib.import_module(module)
                async with get_client() as client:
                    for flow in self._flows.values():
                        flow.serialize_parameters({"cases": []})
                        await client.create_flow_from_name(flow.name)
                registered = True

        await asyncio.wait([self._in_thread(register, "warm-up")], timeout=FIRST_SECONDS)
        if registered:
            self._first_seconds = max(FIRST_SECONDS, self._start_seconds)

    async def closed(self, seconds: float) -> bool:
        """Wait for runs that still leave artifacts or report their final state; return whether all have ended."""
        if self._open:
            await asyncio.wait(self._open.values(), timeout=seconds)
        return not self._open

    async def aclose(self, seconds: float = 5.0) -> None:
        """Wait at most about ``seconds`` for open runs, then cancel them; send the log lines that are still queued."""
        for timeout in (seconds, 0.5, 0.5):  # Prefect shields its last report from the first cancel
            if await self.closed(timeout):
                break
            for start in list(self._open):
                start.cancel()
        await self._http.aclose()
        # Prefect sends log lines every two seconds, the last ones when the process ends: by then a server that this
        # process started has ended, too.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await APILogHandler.aflush()

    async def _started(self, run_info: RunInfo, work: Work) -> Start[Any] | None:
        """Start the flow; return None if it cannot begin or is late."""
        deadline = asyncio.get_running_loop().time() + (self._first_seconds or self._start_seconds)
        self._first_seconds = None
        if self.breaker_open:
            return None
        await self.closed(self._start_seconds / 2)  # a server on SQLite has one writer at a time
        if not await self._answers():
            self.counts.no_probe += 1
            self._break()
            return None
        start = Start[Any](run_info, work, lambda: len(self._open) > BACKLOG)
        self._open[start] = self._in_thread(lambda: self._run_flow(start), f"observe {run_info.flow}")
        self._open[start].add_done_callback(lambda _: self._open.pop(start, None))
        try:
            begins = await start.begins(deadline - asyncio.get_running_loop().time())
        except asyncio.CancelledError:
            start.cancel()
            raise
        if begins:
            return start
        self.counts.no_start += 1
        self._break()
        return None

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(self._probe_seconds):
                answer = await self._http.get(f"{self.api_url}/health")
        except (httpx.HTTPError, TimeoutError):
            return False
        return answer.status_code == 200

    def _in_thread(self, run: Callable[[], Awaitable[None]], name: str) -> "asyncio.Future[None]":
        """Run it in an event loop of its own, with Prefect's settings; the future is done when it has ended.

        See Note [Threads]. The thread does not hold up the end of the process.
        """
        loop, ended = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

        def settle() -> None:
            if not ended.done():
                ended.set_result(None)

        def work() -> None:
            try:
                with contextlib.suppress(asyncio.CancelledError):  # whoever cancelled it knows
                    self._context.copy().run(asyncio.run, run())  # pyright: ignore[reportArgumentType]
            finally:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(settle)

        threading.Thread(target=work, name=name, daemon=True).start()
        return ended

    async def _run_flow(self, start: AnyStart) -> None:
        """Create, run and close one flow run."""
        STARTED.set(start)
        task = asyncio.current_task()
        assert task is not None
        start.runs_in(asyncio.get_running_loop(), task)
        try:
            with tags(*start.run_info.tags):
                run_info = start.run_info
                state = await run_created(self._flows[run_info.flow], run_info.name, run_info.parameters)
            self.counts.left_nothing += (state.message or "").startswith(LEFT_NOTHING)
        except Exception:  # noqa: BLE001 (whatever fails in Prefect, the work is done)
            self.counts.unclosed += 1
        finally:
            start.fail(RunLost(start.run_info.flow))  # in case its body began and did not end

    def _break(self) -> None:
        self._breaker_until = asyncio.get_running_loop().time() + self._breaker_seconds


def _prefect_context(api_url: str) -> Context:
    """Return a context in which Prefect speaks to this server, with settings for runs that somebody waits for."""
    updates: dict[Any, Any] = {
        PREFECT_API_URL: api_url,
        PREFECT_API_REQUEST_TIMEOUT: 5.0,
        PREFECT_CLIENT_MAX_RETRIES: 2,  # 0 fails on a healthy but busy SQLite server
        # Plain HTTP has nothing to verify, and reading the certificates costs each run 75 ms.
        PREFECT_API_TLS_INSECURE_SKIP_VERIFY: api_url.startswith("http://"),
    }
    with temporary_settings(updates=updates):
        return copy_context()
