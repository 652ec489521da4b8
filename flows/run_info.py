"""The observer of a piece of work: what it is given, what it returns, and the one that only runs the work."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeAlias, TypeVar

T = TypeVar("T")
JSON: TypeAlias = "str | int | float | bool | Sequence[JSON] | Mapping[str, JSON] | None"


@dataclass(frozen=True)
class RunInfo:
    """How a run is shown. Ids only: every field is stored where personal data must not be."""

    flow: str  # "react"
    name: str  # "cp-26-000123 · classified · round 1"
    tags: tuple[str, ...] = ()
    parameters: Mapping[str, JSON] = field(default_factory=dict[str, JSON])


@dataclass(frozen=True)
class RunResult(Generic[T]):
    """The body's result, and the id of the observed run (None when it ran unobserved)."""

    result: T
    observed: bool
    run_id: str | None


class Observer(Protocol):
    """Runs pieces of work, and may show them elsewhere."""

    async def run(
        self,
        run_info: RunInfo,
        body: Callable[[], Awaitable[T]],
        leave: Callable[[T], Awaitable[None]] | None = None,
    ) -> RunResult[T]:
        """Run `body` exactly once and raise what it raises.

        `leave` is called after the body of an observed run, inside the run, to create its artifacts; the caller does
        not wait for it, and its failure changes nothing.
        """
        ...


class Unobserved:
    """The observer of simulations and pure tests: runs the body and nothing else."""

    async def run(
        self,
        run_info: RunInfo,
        body: Callable[[], Awaitable[T]],
        leave: Callable[[T], Awaitable[None]] | None = None,
    ) -> RunResult[T]:
        return RunResult(await body(), observed=False, run_id=None)
