"""What an observer is told about a piece of work, and the observer that only does it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeAlias, TypeVar

T = TypeVar("T")
JSON: TypeAlias = "str | int | float | bool | Sequence[JSON] | Mapping[str, JSON] | None"


@dataclass(frozen=True)
class RunInfo:
    """How a run looks from outside. Ids only: every field is stored where personal data must not be."""

    flow: str  # "react"
    name: str  # "cp-26-000123 · classified · round 1"
    tags: tuple[str, ...] = ()
    parameters: Mapping[str, JSON] = field(default_factory=dict[str, JSON])


@dataclass(frozen=True)
class RunResult(Generic[T]):
    """The body's result, and the observed run it had (`run_id` is None when it ran plainly)."""

    result: T
    observed: bool
    run_id: str | None


class Observer(Protocol):
    async def run(
        self,
        run_info: RunInfo,
        body: Callable[[], Awaitable[T]],
        leave: Callable[[T], Awaitable[None]] | None = None,
    ) -> RunResult[T]:
        """Run `body` exactly once and raise what it raises.

        `leave` is called after the body of an observed run, inside the run, to leave artifacts there;
        the caller does not wait for it and its failure changes nothing.
        """
        ...


class Unobserved:
    """The observer of simulations and pure tests: the body and nothing else."""

    async def run(
        self,
        run_info: RunInfo,
        body: Callable[[], Awaitable[T]],
        leave: Callable[[T], Awaitable[None]] | None = None,
    ) -> RunResult[T]:
        return RunResult(await body(), observed=False, run_id=None)
