"""All lifecycles by kind, found by importing every module of this package: a new one needs no list to be edited."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

import statemachines
from statemachines.laws import lawful
from statemachines.lifecycle import Lifecycle, Refused


@cache
def lifecycles() -> Mapping[str, Lifecycle]:
    """Import every module and return the lifecycles by kind."""
    names = [module.name for module in pkgutil.iter_modules(statemachines.__path__)]
    modules = [importlib.import_module(f"statemachines.{name}") for name in names]
    tables = [value for module in modules for value in vars(module).values() if isinstance(value, Lifecycle)]
    return {table.kind: lawful(table) for table in tables}


@cache
def _by_nature() -> Mapping[str, Lifecycle]:
    return {nature: table for table in lifecycles().values() for nature in table.natures}


def lifecycle_of(kind: str) -> Lifecycle:
    """Return the lifecycle of a kind, or of the nature of a contact (A2). Raises ``Refused('unknown_kind')``."""
    table = lifecycles().get(kind) or _by_nature().get(kind)
    if table is None:
        raise Refused("unknown_kind", kind=kind, known=sorted({*lifecycles(), *_by_nature()}))
    return table
