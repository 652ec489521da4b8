"""Checks what a change of the lifecycles does to the open cases of a store, before anything is written.

For each kind: what changed since each version that the store recorded, which open cases, timers and deliveries bear a
name that was removed, and what becomes of them. A name in use that was removed without a ``Retired`` entry is lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.audit.names_in_use import NamesInUse, count_to_carry, names_in_use
from engine.audit.touched_names import Touched, touched_names
from engine.ledger.lifecycle_versions import ALL, recorded_versions
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros
from statemachines.kinds import lifecycles
from statemachines.lifecycle_record import RecordedLifecycle, differences, read_document
from statemachines.refused import Refused


@dataclass(frozen=True, slots=True)
class Version:
    """A version that the store recorded, and the names that were added and removed since, by sort."""

    version: str
    recorded_at: datetime
    changes: Mapping[str, Mapping[str, list[str]]]


@dataclass(frozen=True, slots=True)
class KindCheck:
    """What becomes of the open cases of a kind."""

    kind: str
    versions: tuple[Version, ...]
    touched: tuple[Touched, ...]
    to_carry: int

    @property
    def version(self) -> str:
        """Return the version in force, empty where the kind was removed."""
        table = lifecycles().get(self.kind)
        return table.version if table is not None else ""

    @property
    def lost(self) -> tuple[Touched, ...]:
        """Return the names that would be lost."""
        return tuple(touched for touched in self.touched if touched.becomes == "lost")


@dataclass(frozen=True, slots=True)
class LifecycleCheck:
    """The check of a whole store."""

    kinds: tuple[KindCheck, ...]

    @property
    def ok(self) -> bool:
        """Return whether nothing would be lost."""
        return not any(kind.lost for kind in self.kinds)

    @property
    def to_carry(self) -> int:
        """Return how many open cases ``lifecycle migrate`` carries over."""
        return sum(kind.to_carry for kind in self.kinds)

    def refuse_unsafe(self) -> None:
        """Raise ``Refused('lifecycle_unsafe')`` with every name that would be lost."""
        lost = [f"{check.kind}: {touched.sort} {touched.name}" for check in self.kinds for touched in check.lost]
        if lost:
            raise Refused("lifecycle_unsafe", lost=lost)


def check_store(store: Store, *, changes: bool = True) -> LifecycleCheck:
    """Check a store against the lifecycles in force, in one transaction."""
    with store.looking() as tx:
        return check_lifecycles(tx, changes=changes)


def check_lifecycles(tx: Tx, *, changes: bool = True) -> LifecycleCheck:
    """Check within a transaction of the caller's.

    ``changes`` adds what changed since each version, which takes some tenths of a second: every table is described.
    """
    versions: dict[str, list[Version]] = {}
    recorded: dict[str, list[RecordedLifecycle]] = {}
    readable = recorded_versions(tx)
    for row in tx.rows(ALL):
        document, table = readable.get((row.kind, row.version)), lifecycles().get(row.kind)
        changed = differences(document, read_document(table.document)) if changes and document and table else {}
        versions.setdefault(row.kind, []).append(Version(row.version, from_micros(row.recorded_at), changed))
        if document is not None:
            recorded.setdefault(row.kind, []).append(document)
    in_use = names_in_use(tx)
    checks = [
        _check_kind(tx, kind, versions.get(kind, []), recorded.get(kind, []), in_use.get(kind, NamesInUse()))
        for kind in sorted({*versions, *in_use})
    ]
    return LifecycleCheck(tuple(checks))


def _check_kind(
    tx: Tx, kind: str, versions: list[Version], recorded: list[RecordedLifecycle], in_use: NamesInUse
) -> KindCheck:
    table = lifecycles().get(kind)
    if table is None:
        cases, waiting = in_use.standing.total(), in_use.waiting.total()
        lost = Touched("kind", kind, None, "lost", cases, timers=in_use.timers.total(), deliveries=waiting)
        return KindCheck(kind, tuple(versions), (lost,) if cases or waiting else (), 0)
    return KindCheck(
        kind, tuple(versions), tuple(touched_names(tx, table, recorded, in_use)), count_to_carry(tx, table)
    )
