"""The observer on Prefect: runs work once, as a flow run if the server answers, unobserved otherwise."""

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
from flows.prefect_ui.run_states import LEFT_NOTHING, collect_message, joined_message
from flows.run_info import RunInfo, RunResult

# Note [One write at a time]
# Prefect's server on SQLite answers 503 when a run is created while an artifact is written, and its client then waits
# two seconds before it tries again: the run would begin too late and its work run unobserved. So the artifacts of one
# run and the creation of the next one take turns.

PROBE_SECONDS = 0.4
START_SECONDS = 0.9
BREAKER_SECONDS = 15.0
TURN_SECONDS = 0.3
"""The time that a run waits for another's artifacts; then it begins all the same."""
BACKLOG = 3
"""With more runs than this still leaving artifacts, optional artifacts are skipped."""

T = TypeVar("T")
_attempt: ContextVar[AnyAttempt] = ContextVar("attempt")
_backlog: ContextVar[Callable[[], int]] = ContextVar("backlog")
_turn: ContextVar[asyncio.Lock] = ContextVar("turn")


def hurried() -> bool:
    """Return whether runs begin faster than they leave their artifacts: optional ones are skipped then."""
    backlog = _backlog.get(None)
    return backlog is not None and backlog() > BACKLOG


@dataclass
class ObserverCounts:
    """The runs of an observer since it was made, by how they went."""

    observed: int = 0
    plain: int = 0  # every unobserved run, whatever the reason
    no_probe: int = 0  # the server did not answer
    no_start: int = 0  # it answered, but no run began in time
    left_nothing: int = 0  # the work was done, but its artifacts could not be left
    unclosed: int = 0  # the work was done, but Prefect did not accept the final state


def _run_name() -> str:
    return _attempt.get().run_info.name


@flow(
    flow_run_name=_run_name,
    retries=0,  # a retry by Prefect would find the work claimed
    persist_result=False,
    result_serializer="json",
    log_prints=False,
    validate_parameters=False,
)
async def _observed_flow(ids: dict[str, Any]) -> State[Any]:  # noqa: ARG001 (shown as the run's parameters)
    attempt = _attempt.get()
    if not attempt.claim("flow"):
        return Cancelled(message="done without observation")
    parts = collect_message()
    context = FlowRunContext.get()
    await attempt.work_in_flow(str(context.flow_run.id) if context and context.flow_run else None)
    if attempt.error is not None:
        return Failed(message=type(attempt.error).__name__)
    try:
        async with _turn.get():  # See Note [One write at a time]
            await attempt.leave()
    except Exception as error:  # noqa: BLE001 (work that is done does not fail for want of an artifact)
        return Completed(message=f"{LEFT_NOTHING}: {type(error).__name__}")
    return Completed(message=joined_message(parts))


_observed_flow.serialize_parameters({"ids": {}})  # lets Prefect finish its imports here, not in the first run


class PrefectObserver:
    """Observes runs on the Prefect server at `api_url`. Belongs to the event loop in which it is first used."""

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
                # Plain HTTP has nothing to verify, and reading the certificates costs each run 75 ms.
                "api.tls_insecure_skip_verify": self.api_url.startswith("http://"),
            }
        )
        # A run this short needs no heartbeat, which costs a thread and an event each; and the queue of events delays
        # the exit of the process by 10 s when the server hangs.
        self._settings.flows.heartbeat_frequency = None
        _restrain_prefect()

    async def __aenter__(self) -> "PrefectObserver":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @property
    def breaker_open(self) -> bool:
        """Whether runs are not even offered to the server, because it failed a moment ago."""
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
            return await attempt.result()
        except asyncio.CancelledError:
            await attempt.abandon()
            raise

    async def aclose(self, seconds: float = 5.0) -> None:
        """Wait at most about `seconds` for runs that are still reporting their final state to Prefect."""
        for timeout in (seconds, 0.5, 0.5):  # Prefect shields its last report from the first cancel
            if not self._closing:
                break
            _, late = await asyncio.wait(self._closing, timeout=timeout)
            for task in late:
                task.cancel()
        await self._http.aclose()

    async def _offer(self, attempt: AnyAttempt) -> None:
        """Offer the work to Prefect; return when it has begun, cannot begin or is too late."""
        deadline = asyncio.get_running_loop().time() + self._start_seconds
        if not await self._answers():
            self.counts.no_probe += 1
            self._break()
            return
        async with self._in_turn():
            attempt.run = asyncio.create_task(self._run_flow(attempt), name=f"observe {attempt.run_info.flow}")
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
        """Hold the turn if it becomes free soon. See Note [One write at a time]."""
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

    async def _run_flow(self, attempt: AnyAttempt) -> None:
        """Create, run and close one flow run; never raises but when cancelled."""
        _attempt.set(attempt)
        _backlog.set(lambda: len(self._closing))
        _turn.set(self._turn)
        run_info = attempt.run_info
        observed_flow = self._flow_named(run_info.flow)
        try:
            # Prefect passes the settings of this task's context on to its own threads.
            profile = get_settings_context().profile
            with SettingsContext(profile=profile, settings=self._settings), tags(*run_info.tags):
                state: State[Any] = await observed_flow(dict(run_info.parameters), return_state=True)
            self.counts.left_nothing += (state.message or "").startswith(LEFT_NOTHING)
        except Exception:  # noqa: BLE001 (whatever fails in Prefect, the work is done or runs unobserved)
            if attempt.done.is_set():
                self.counts.unclosed += 1
            self._break()
        finally:
            attempt.decided.set()

    def _flow_named(self, name: str) -> Flow[..., Any]:
        if name not in self._flows:
            # Never written to. Without it, Prefect asks the server for the result storage twice in each run, by a
            # blocking call: a server that hangs would block the whole event loop.
            storage = self._settings.results.local_storage_path
            self._flows[name] = _observed_flow.with_options(name=name, result_storage=storage)
        return self._flows[name]

    def _break(self) -> None:
        self._breaker_until = asyncio.get_running_loop().time() + self._breaker_seconds


def _restrain_prefect() -> None:
    """Leave signals and the console to the process that holds the observer.

    During a run Prefect's engine handles SIGTERM by raising in whatever code is running, also in an event loop that has
    its own handler: a driver that is stopped would fail in the middle of its work.
    """
    if not hasattr(prefect.flow_engine, "capture_sigterm"):
        raise RuntimeError("Prefect's engine has changed: check how it handles SIGTERM, then the pin.")
    setattr(prefect.flow_engine, "capture_sigterm", nullcontext)  # noqa: B010 (of another type)
    for name in ("prefect.flow_runs", "prefect.engine"):  # run states; the caller has the exception itself
        logging.getLogger(name).setLevel(logging.CRITICAL)
