"""Every lifecycle there is, found by looking at this room: a new page needs no list to be edited."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

import statemachines
from statemachines.laws import lawful
from statemachines.lifecycle import Lifecycle, Refused


@cache
def lifecycles() -> Mapping[str, Lifecycle]:
    """The lifecycles by kind."""
    names = [found.name for found in pkgutil.iter_modules(statemachines.__path__)]
    modules = [importlib.import_module(f"statemachines.{name}") for name in names]
    tables = [value for module in modules for value in vars(module).values() if isinstance(value, Lifecycle)]
    return {table.kind: lawful(table) for table in tables}


@cache
def _by_nature() -> Mapping[str, Lifecycle]:
    return {nature: table for table in lifecycles().values() for nature in table.natures}


def lifecycle_of(kind: str) -> Lifecycle:
    """The lifecycle of a kind, or of a nature that decides it (A2). Raises ``Refused('unknown_kind')``."""
    found = lifecycles().get(kind) or _by_nature().get(kind)
    if found is None:
        raise Refused("unknown_kind", kind=kind, known=sorted({*lifecycles(), *_by_nature()}))
    return found
