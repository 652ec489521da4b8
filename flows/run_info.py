"""How a piece of work is shown as a run, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

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
    """The work's result, and the id of the observed run (None when it ran unobserved)."""

    result: T
    observed: bool
    run_id: str | None
