"""Does work again that another transaction overtook."""

from collections.abc import Callable
from typing import TypeVar

from engine.databases import Conflict
from engine.store import Store
from engine.transaction import Tx
from statemachines.refused import Refused

T = TypeVar("T")

TRIES = 5
"""How often work is tried that other transactions keep overtaking."""


def retrying(work: Callable[[], T]) -> T:
    """Do work, again if another transaction was faster. Raises ``Refused('contended')`` in the end."""
    for _ in range(TRIES):
        try:
            return work()
        except Conflict:
            continue
    raise Refused("contended", tries=TRIES)


def in_transaction(store: Store, work: Callable[[Tx], T]) -> T:
    """Do work in a transaction that is committed, as ``retrying`` does. Raises ``Refused('contended')``."""

    def attempt() -> T:
        with store.writing() as tx:
            return work(tx)

    return retrying(attempt)
