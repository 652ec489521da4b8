"""A log of the store that leaves the house: who may have it whole, and that it was taken."""

from datetime import datetime

from engine.actors import acting
from engine.runs import Done, keep
from engine.store import Store
from engine.transaction import Tx
from models.event_log import Log
from reports.event_log import Telling, case_keys, move_keys
from reports.event_log_objects import objects
from reports.event_log_pages import Wanted
from reports.pseudonymisation import Pseudonymisation
from statemachines.refused import Refused
from statemachines.roles import Role

MAY_HAVE_ALL = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})
"""Who may take a log with names and words in it (H1)."""
TAKEN = "export"


def permit(store: Store, handle: str) -> None:
    """See that this person may take a whole log. Raises ``Refused('unknown_actor' | 'export_whole')``."""
    with store.looking() as tx:
        if not acting(tx, handle).roles & MAY_HAVE_ALL:
            raise Refused("export_whole", handle=handle, wanted=sorted(MAY_HAVE_ALL))


def trace(store: Store, sort: str, handle: str, wanted: Wanted, at: datetime) -> None:
    """Write down who takes a whole log, before the first byte of it leaves (H1)."""
    note = {"format": sort, "by": handle, "kind": wanted.kind, "since": wanted.since}
    keep(store, Done(TAKEN, at, at, observed=True, did=0, note=note))


def log_of(tx: Tx, pseudonymisation: Pseudonymisation, wanted: Wanted, *, linked: bool) -> tuple[Log, Telling]:
    """The log of one moment of the store, read as it is asked for, and the telling that counts what was told."""
    telling = Telling(tx, pseudonymisation, wanted, linked)
    keys = case_keys(pseudonymisation), move_keys(pseudonymisation, wanted)
    return Log(*keys, telling.histories(), objects(telling) if linked else ()), telling
