"""The observer on Prefect: a flow run if the server is there, plain work if not, once in either case."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import prefect.flow_engine
from prefect import Flow, flow, tags
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext, SettingsContext, get_settings_context
from prefect.states import Cancelled, Completed, Failed

from flows.prefect_ui.run_attempt import AnyAttempt, Attempt
from flows.prefect_ui.run_states import LEFT_NOTHING, listening, message
from flows.run_info import RunInfo, RunResult

# Note [One write at a time]
# Prefect's server on SQLite answers 503 when a run is created while an artifact is written, and its client
# then waits two seconds before it tries again: the run would begin too late and its work become plain. So
# what a run leaves behind and how the next one begins take turns.

PROBE_SECONDS = 0.4
START_SECONDS = 0.9
BREAKER_SECONDS = 15.0
TURN_SECONDS = 0.3
"""So long a run waits for what another one leaves behind; then it begins all the same."""
CROWD = 3
"""So many runs at once may be busy with what they leave behind."""

T = TypeVar("T")
_attempt: ContextVar[AnyAttempt] = ContextVar("attempt")
_crowd: ContextVar[Callable[[], int]] = ContextVar("crowd")
_turn: ContextVar[asyncio.Lock] = ContextVar("turn")


def hurried() -> bool:
    """Whether runs begin faster than they are told to the end: what is only a courtesy is left out then."""
    crowd = _crowd.get(None)
    return crowd is not None and crowd() > CROWD


@dataclass
class ObserverCounts:
    """What an observer has seen since it was made."""

    observed: int = 0
    plain: int = 0  # every plain run, the reasons below included
    no_probe: int = 0  # the server did not answer
    no_start: int = 0  # it answered, but no run began in time
    left_nothing: int = 0  # the work was done, but its artifacts could not be left
    unclosed: int = 0  # the work was done, but Prefect could not be told how the run ended


def _name_of_run() -> str:
    return _attempt.get().run_info.name


@flow(
    flow_run_name=_name_of_run,
    retries=0,  # a second try by Prefect would only find the work claimed
    persist_result=False,
    result_serializer="json",
    log_prints=False,
    validate_parameters=False,
)
async def _shell(ids: dict[str, Any]) -> State[Any]:  # noqa: ARG001 (for the reader of the run)
    attempt = _attempt.get()
    if not attempt.claim("flow"):
        return Cancelled(message="done without observation")
    told = listening()
    context = FlowRunContext.get()
    await attempt.work_in_flow(str(context.flow_run.id) if context and context.flow_run else None)
    if attempt.error is not None:
        return Failed(message=type(attempt.error).__name__)
    try:
        async with _turn.get():  # See Note [One write at a time]
            await attempt.leave()
    except Exception as error:  # noqa: BLE001 (an artifact is never worth the work it tells of)
        return Completed(message=f"{LEFT_NOTHING}: {type(error).__name__}")
    return Completed(message=message(told))


_shell.serialize_parameters({"ids": {}})  # makes Prefect finish its imports here, not in the first run


class PrefectObserver:
    """Observes runs on the Prefect server at `api_url`. Belongs to the event loop that first uses it."""

    def __init__(
        self,
        api_url: str,
        *,
        probe_seconds: float = PROBE_SECONDS,
        start_seconds: float = START_SECONDS,
        breaker_seconds: float = BREAKER_SECONDS,
    ) -> None:
        self.api_url = api_url.rstrip("/")
        self.counts = ObserverCounts()
        self._probe_seconds, self._start_seconds = probe_seconds, start_seconds
        self._breaker_seconds = breaker_seconds
        self._breaker_until = float("-inf")
        self._http = httpx.AsyncClient(timeout=probe_seconds, trust_env=False)
        self._flows: dict[str, Flow[..., Any]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._settings = get_settings_context().settings.copy_with_update(
            updates={
                "api.url": self.api_url,
                "api.request_timeout": 5.0,
                "client.max_retries": 2,  # 0 fails on a healthy but busy SQLite server
                "logging.to_api.enabled": False,
                "server.ephemeral.enabled": False,
                "results.persist_by_default": False,
                # Nothing to verify on plain HTTP, and reading the certificates costs each run 75 ms.
                "api.tls_insecure_skip_verify": self.api_url.startswith("http://"),
            }
        )
        # A heartbeat says no more of a run this short, takes a thread and an event each, and the queue of
        # events holds up the end of the process for 10 s when the server hangs.
        self._settings.flows.heartbeat_frequency = None
        _keep_prefect_in_its_place()

    async def __aenter__(self) -> "PrefectObserver":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @property
    def breaker_open(self) -> bool:
        """Whether runs are plain at once, because the server failed a moment ago."""
        return asyncio.get_running_loop().time() < self._breaker_until

    async def run(
        self,
        run_info: RunInfo,
        body: Callable[[], Awaitable[T]],
        leave: Callable[[T], Awaitable[None]] | None = None,
    ) -> RunResult[T]:
        attempt = Attempt(run_info, body, leave)
        try:
            if not self.breaker_open:
                await self._offer(attempt)
            if attempt.claim("plain"):
                self.counts.plain += 1
                return RunResult(await body(), observed=False, run_id=None)
            self.counts.observed += 1
            return await attempt.seen()
        except asyncio.CancelledError:
            await attempt.abandon()
            raise

    async def aclose(self, seconds: float = 5.0) -> None:
        """Wait for runs that are still telling Prefect how they ended, at most about `seconds`."""
        for patience in (seconds, 0.5, 0.5):  # Prefect shields its last report from the first cancel
            if not self._closing:
                break
            _, late = await asyncio.wait(self._closing, timeout=patience)
            for task in late:
                task.cancel()
        await self._http.aclose()

    async def _offer(self, attempt: AnyAttempt) -> None:
        """Give Prefect the chance to begin the work; return when it has, cannot or is too late."""
        deadline = asyncio.get_running_loop().time() + self._start_seconds
        if not await self._answers():
            self.counts.no_probe += 1
            self._break()
            return
        async with self._in_turn():
            attempt.run = asyncio.create_task(self._conduct(attempt), name=f"observe {attempt.run_info.flow}")
            self._closing.add(attempt.run)
            attempt.run.add_done_callback(self._closing.discard)
            try:
                async with asyncio.timeout_at(deadline):
                    await attempt.decided.wait()
            except TimeoutError:
                pass
        if attempt.owner is None:
            self.counts.no_start += 1
            self._break()

    @asynccontextmanager
    async def _in_turn(self) -> AsyncGenerator[None]:
        """Hold the turn if it can be had soon. See Note [One write at a time]."""
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._turn.acquire()
        except TimeoutError:
            yield
            return
        try:
            yield
        finally:
            self._turn.release()

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(self._probe_seconds):
                answer = await self._http.get(f"{self.api_url}/health")
        except (httpx.HTTPError, TimeoutError):
            return False
        return answer.status_code == 200

    async def _conduct(self, attempt: AnyAttempt) -> None:
        """One flow run from asking to closing; never raises but for cancellation."""
        _attempt.set(attempt)
        _crowd.set(lambda: len(self._closing))
        _turn.set(self._turn)
        run_info = attempt.run_info
        shell = self._shell_named(run_info.flow)
        try:
            # The settings live in this task's context, and Prefect hands them on to its own threads.
            profile = get_settings_context().profile
            with SettingsContext(profile=profile, settings=self._settings), tags(*run_info.tags):
                end: State[Any] = await shell(dict(run_info.parameters), return_state=True)
            self.counts.left_nothing += (end.message or "").startswith(LEFT_NOTHING)
        except Exception:  # noqa: BLE001 (whatever ails Prefect, the work is done or becomes plain)
            if attempt.done.is_set():
                self.counts.unclosed += 1
            self._break()
        finally:
            attempt.decided.set()

    def _shell_named(self, name: str) -> Flow[..., Any]:
        if name not in self._flows:
            # Never written to. Without it, Prefect asks the server for a place twice in each run, by a
            # blocking call: a server that hangs would hold the whole event loop.
            nowhere = self._settings.results.local_storage_path
            self._flows[name] = _shell.with_options(name=name, result_storage=nowhere)
        return self._flows[name]

    def _break(self) -> None:
        self._breaker_until = asyncio.get_running_loop().time() + self._breaker_seconds


def _keep_prefect_in_its_place() -> None:
    """Leave signals and the console to the process that holds the observer.

    During a run Prefect's engine answers SIGTERM by raising in whatever code is running, also in an
    event loop that has its own handler: a driver told to stop would fall over half-way.
    """
    if not hasattr(prefect.flow_engine, "capture_sigterm"):
        raise RuntimeError("Prefect's engine has changed: check how it handles SIGTERM, then the pin.")
    setattr(prefect.flow_engine, "capture_sigterm", nullcontext)  # noqa: B010 (of another type)
    for name in ("prefect.flow_runs", "prefect.engine"):  # run states; the caller has the exception itself
        logging.getLogger(name).setLevel(logging.CRITICAL)
