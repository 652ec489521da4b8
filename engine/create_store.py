"""Create a store: its home, secret, key pair, schema and metadata row."""

import secrets
from contextlib import nullcontext
from datetime import datetime

from engine.actors import seed
from engine.clock_doubt import believe_clock
from engine.databases import SQLITE, sqlite_file, translated
from engine.durable_file import write_whole
from engine.entry_checks import check_instant
from engine.ledger.anchoring import first_anchor
from engine.ledger.journal import begin_journal
from engine.ledger.lifecycle_versions import record_version
from engine.ledger.signing import ensure_key
from engine.schema import migrate, private_file, revision_of
from engine.secret import LEAST_BYTES, secret_check
from engine.settings import Settings
from engine.store import Store
from engine.store_lock import held_alone
from models.columns import from_micros, to_micros
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Refused


def create_store(settings: Settings, now: datetime, simulated_at: datetime | None = None) -> bool:
    """Create the store, or check that an equal one exists. Return True if it is new.

    Each step leaves nothing that the next call cannot go on from, wherever this one is killed.

    Raises ``Refused('other_store' | 'other_secret')`` if the home holds another kind of store or another secret,
    ``Refused('weak_secret')`` for a secret that is too short, and ``Refused('schema_older' | 'schema_newer')`` for a
    store of another release.
    """
    try:
        settings.where.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = revision_of(settings.url) is None
        with held_alone(settings.url) if new else nullcontext():
            _make_secret(settings)
            ensure_key(settings.where, settings.anchors_beside(settings.where))
            if new:
                migrate(settings.url)
        if settings.url.startswith(SQLITE):
            private_file(sqlite_file(settings.url))
    except Exception as error:
        ours = translated(error, settings.where)
        if ours is error:
            raise
        raise ours from error
    store = settings.store()
    try:
        new = _create_or_check(store, now, simulated_at)
        believe_clock(store)
        first_anchor(store, simulated_at or now)
        return new
    finally:
        store.close()


def _make_secret(settings: Settings) -> None:
    """Store a new secret, whole or not at all, unless one is given. Raises ``Refused('weak_secret')``."""
    file = settings.secret_file
    if settings.secret is None and (not file.exists() or not file.stat().st_size):  # empty: an init that was killed
        write_whole(file, secrets.token_hex(32).encode())
    if len(settings.secret_bytes()) < LEAST_BYTES:
        raise Refused("weak_secret", least=LEAST_BYTES, file=str(file))


def _create_or_check(store: Store, now: datetime, simulated_at: datetime | None) -> bool:
    check = secret_check(store.secret)
    made_at = to_micros(simulated_at or now)
    with store.writing() as tx:
        row = tx.row("SELECT made_at, simulated_at, secret_check FROM store_info WHERE id = 1")
        if row is None:
            seed(tx, made_at)
            tx.run(
                "INSERT INTO store_info (id, made_at, simulated_at, secret_check)"
                " VALUES (1, :made_at, :simulated_at, :secret_check)",
                made_at=made_at,
                simulated_at=made_at if simulated_at else None,
                secret_check=check,
            )
        for table in lifecycles().values():
            record_version(tx, table, made_at)
        begin_journal(tx, made_at if row is None else to_micros(now))
        if row is None:
            return True
    if row.secret_check != check:
        raise Refused("other_secret", home=str(store.home))
    if (row.simulated_at is not None) != (simulated_at is not None) or (simulated_at and row.made_at != made_at):
        kind = "real" if row.simulated_at is None else "simulated"
        raise Refused("other_store", home=str(store.home), kind=kind, made_at=from_micros(row.made_at).isoformat())
    return False


def set_clock(store: Store, at: datetime) -> None:
    """Advance the clock of a simulated store.

    Raises ``Refused('not_simulated' | 'clock_back' | 'impossible_instant')``.
    """
    check_instant(at)
    with store.writing() as tx:
        row = tx.row("SELECT simulated_at FROM store_info WHERE id = 1")
        if row.simulated_at is None:
            raise Refused("not_simulated", home=str(store.home))
        if to_micros(at) < row.simulated_at:
            raise Refused("clock_back", clock=from_micros(row.simulated_at).isoformat())
        tx.run("UPDATE store_info SET simulated_at = :clock WHERE id = 1", clock=to_micros(at))
