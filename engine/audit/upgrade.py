"""Upgrade the schema of a store of an earlier release, after a backup of it that was read back and found whole."""

import contextlib
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from engine.audit.archive import packed_in
from engine.audit.backup import back_up
from engine.caches import StoreCache
from engine.databases import translated
from engine.ledger.journal import DROPS_JOURNALLED, enter_dropped
from engine.schema import check_revision, migrate, newest, revision_of, revisions
from engine.settings import Settings
from engine.store import Store
from engine.store_lock import held_alone
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from statemachines.refused import Refused

DRIVERS = "SELECT name, until FROM lease WHERE until > :now AND owner <> '' ORDER BY until DESC LIMIT 1"
FOLDER = "backups"


@dataclass(frozen=True, slots=True)
class Upgraded:
    """From which revision of the schema to which a store was upgraded, and the backup of its state before."""

    before: str
    after: str
    backup: Path


def upgrade_store(settings: Settings, now: datetime) -> Upgraded | None:
    """Upgrade a store of an earlier release; return None where there is nothing to upgrade.

    The upgrade is one transaction, so one that is killed is simply done again. The backup of an earlier try is
    replaced, for the store may have been used since.

    Raises ``Refused('schema_newer' | 'store_in_use' | 'store_driven')``, and what ``back_up`` raises.
    """
    try:
        revision = revision_of(settings.url)
        if revision is None or revision == newest():
            return None
        if revision not in revisions():
            check_revision(revision, settings.where)
        with held_alone(settings.url), contextlib.closing(settings.store(any_schema=True, shares=False)) as store:
            _refuse_driven(store, now)
            file = settings.where / FOLDER / f"before-{newest()}.backup"
            file.parent.mkdir(exist_ok=True, mode=0o700)
            back_up(store, file, now, instead=True)
            with packed_in(file) as packed:
                packed.check()
            migrate(settings.url, then=partial(_journal, revision))
    except Exception as error:
        ours = translated(error, settings.where)
        if ours is error:
            raise
        raise ours from error
    return Upgraded(revision, newest(), file)


def _journal(revision: str, raw: Any, postgres: bool) -> None:
    """Enter what an older schema, of this revision, held without an entry."""
    if revision < DROPS_JOURNALLED:
        tx = Tx(raw, postgres, StoreCache())
        enter_dropped(tx)
        tx.finish()


def _refuse_driven(store: Store, now: datetime) -> None:
    """Refuse a store that a driver of an earlier release works on: it does not share the lock, but holds leases."""
    with store.looking() as tx:
        row = tx.row(DRIVERS, now=to_micros(now))
    if row is not None:
        raise Refused("store_driven", lease=row.name, until=from_micros(row.until).isoformat())
