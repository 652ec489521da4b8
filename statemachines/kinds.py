"""All lifecycles by kind, found by importing every module of this package: a new one needs no list to be edited."""

import contextlib
import importlib
import pkgutil
from collections.abc import Callable, Generator, Mapping
from contextvars import ContextVar
from functools import cache, cached_property, lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

import statemachines
from statemachines.laws import lawful
from statemachines.lifecycle import Lifecycle, Refused

P = ParamSpec("P")
T = TypeVar("T")


class Lifecycles(dict[str, Lifecycle]):
    """The lifecycles by kind, and for which moves of any kind a load must read more than the case."""

    @cached_property
    def separated(self) -> frozenset[str]:
        """Return the moves for which it may matter who made others (F3)."""
        return frozenset[str]().union(*(table.separated for table in self.values()))

    @cached_property
    def speaking(self) -> frozenset[str]:
        """Return the moves that speak to the customer (A5)."""
        return frozenset[str]().union(*(table.speaking for table in self.values()))

    def recorded(self, sort: str, name: str) -> tuple[str, ...]:
        """Return a live name and the retired names of any kind that it replaced."""
        if (sort, name) not in self._recorded:
            retired_names = (old for table in self.values() for old in table.resolver.names(sort, name))
            self._recorded[sort, name] = tuple(dict.fromkeys((name, *retired_names)))
        return self._recorded[sort, name]

    @cached_property
    def answers(self) -> dict[Callable[..., Any], Callable[..., Any]]:
        """Return the answers that are kept with these lifecycles, by function; see ``kept_with_lifecycles``."""
        return {}

    @cached_property
    def _recorded(self) -> dict[tuple[str, str], tuple[str, ...]]:
        return {}


_REPLACED: ContextVar[Lifecycles | None] = ContextVar("replaced_lifecycles", default=None)


@cache
def _shipped() -> Lifecycles:
    """Import every module and return the lifecycles by kind; each module has checked its own."""
    names = [module.name for module in pkgutil.iter_modules(statemachines.__path__)]
    modules = [importlib.import_module(f"statemachines.{name}") for name in names]
    tables = [value for module in modules for value in vars(module).values() if isinstance(value, Lifecycle)]
    return Lifecycles({table.kind: table for table in tables})


def lifecycles() -> Lifecycles:
    """Return the lifecycles by kind."""
    return _REPLACED.get() or _shipped()


def kept_with_lifecycles(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keep the last ``most`` answers of a pure function as long as the same lifecycles are in force.

    Its arguments must be hashable, and its answers are shared: nobody may change them.
    """

    def keep(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def answer(*args: P.args, **kwargs: P.kwargs) -> T:
            answers = lifecycles().answers
            kept = answers.get(function) or answers.setdefault(function, lru_cache(most)(function))
            return kept(*args, **kwargs)

        return answer

    return keep


@contextlib.contextmanager
def replaced(*tables: Lifecycle) -> Generator[None]:
    """Put other tables in force for their kinds within a block: the next release, as a test of it sees it.

    Threads that are started by other means than asyncio see the shipped tables.
    """
    token = _REPLACED.set(Lifecycles({**lifecycles(), **{table.kind: lawful(table) for table in tables}}))
    try:
        yield
    finally:
        _REPLACED.reset(token)


def recorded_names(sort: str, *names: str) -> list[str]:
    """Return live names of any kind and the retired names that they replaced, for a query of the record.

    ``sort`` is ``state``, ``move`` or ``clause``.
    """
    tables = lifecycles()
    return list(dict.fromkeys((*names, *(old for name in names for old in tables.recorded(sort, name)))))


def _by_nature() -> Mapping[str, Lifecycle]:
    return {nature: table for table in lifecycles().values() for nature in table.natures}


def customer_kinds() -> list[str]:
    """Return the kinds of cases that are for customers, not internal (A8)."""
    return [kind for kind, lifecycle in lifecycles().items() if not lifecycle.internal]


def lifecycle_of(kind: str) -> Lifecycle:
    """Return the lifecycle of a kind, or of the nature of a contact (A2). Raises ``Refused('unknown_kind')``."""
    table = lifecycles().get(kind) or _by_nature().get(kind)
    if table is None:
        raise Refused("unknown_kind", kind=kind, known=sorted({*lifecycles(), *_by_nature()}))
    return table
