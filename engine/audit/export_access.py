"""Checks who may export a log with names and words in it, and records that it was exported (H1)."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from engine.actors import acting
from engine.runs import Done, keep
from engine.store import Store
from models.columns import to_micros
from statemachines.refused import Refused
from statemachines.roles import Role

EXPORT = "export"
"""The name under which an export is recorded among the runs."""
WHOLE_LOG_NOTE = ("format", "by", "kind", "since")
"""What every record of an export holds."""
WHOLE_LOG_ROLES = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})


@dataclass(frozen=True, slots=True)
class Taken:
    """An export with names: its format, who takes it, of which kind and since when (in microseconds).

    A report of a period names it, a bundle its case, and both the reason for which they hold names.
    """

    format: str
    by: str
    kind: str
    since: int
    period: str = ""
    reason: str = ""
    number: str = ""

    @property
    def note(self) -> dict[str, Any]:
        """Return what the record of the export holds."""
        return {name: value for name, value in asdict(self).items() if value or name in WHOLE_LOG_NOTE}


def require_whole_log(store: Store, handle: str, at: datetime) -> None:
    """Check that this actor may export a whole log. Raises ``Refused('export_whole')`` and what ``acting`` raises."""
    with store.looking() as tx:
        if not acting(tx, handle, to_micros(at)).roles & WHOLE_LOG_ROLES:
            raise Refused("export_whole", handle=handle, wanted=sorted(WHOLE_LOG_ROLES))


def record_export(store: Store, taken: Taken, at: datetime) -> None:
    """Record what is exported with names in it, before its first byte is written."""
    keep(store, Done(EXPORT, at, at, observed=True, did=0, note=taken.note))
