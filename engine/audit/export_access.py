"""Checks who may export a log with names and words in it, and records that it was exported (H1)."""

from datetime import datetime

from engine.actors import acting
from engine.runs import Done, keep
from engine.store import Store
from models.columns import to_micros
from statemachines.refused import Refused
from statemachines.roles import Role

EXPORT = "export"
"""The name under which an export is recorded among the runs."""
WHOLE_LOG_ROLES = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})


def require_whole_log(store: Store, handle: str, at: datetime) -> None:
    """Check that this actor may export a whole log. Raises ``Refused('export_whole')`` and what ``acting`` raises."""
    with store.looking() as tx:
        if not acting(tx, handle, to_micros(at)).roles & WHOLE_LOG_ROLES:
            raise Refused("export_whole", handle=handle, wanted=sorted(WHOLE_LOG_ROLES))


def record_export(store: Store, log_format: str, handle: str, kind: str, since: int, at: datetime) -> None:
    """Record who exports a whole log, of which kind and since when, before its first byte is written."""
    note = {"format": log_format, "by": handle, "kind": kind, "since": since}
    keep(store, Done(EXPORT, at, at, observed=True, did=0, note=note))
