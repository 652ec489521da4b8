"""Create a store: its home, secret, key pair, schema and metadata row."""

import secrets
from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config

from engine.actors import seed
from engine.entry_checks import check_instant
from engine.ledger.chain import keyed
from engine.ledger.lifecycle_versions import record_version
from engine.ledger.signing import ensure_key
from engine.settings import Settings
from engine.store import Store
from models.columns import from_micros, to_micros
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Refused

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def create_store(settings: Settings, now: datetime, simulated_at: datetime | None = None) -> bool:
    """Create the store, or check that an equal one exists. Return True if it is new.

    Raises ``Refused('other_store' | 'other_secret')`` if the home holds another kind of store or another secret.
    """
    settings.where.mkdir(parents=True, exist_ok=True, mode=0o700)
    _make_secret(settings)
    ensure_key(settings.where, settings.anchors_beside(settings.where))
    migrate(settings.url)
    store = settings.store()
    try:
        return _create_or_check(store, now, simulated_at)
    finally:
        store.close()


def _make_secret(settings: Settings) -> None:
    if settings.secret is None and not settings.secret_file.exists():
        settings.secret_file.touch(mode=0o600)
        settings.secret_file.write_text(secrets.token_hex(32), "ascii")


def migrate(url: str, revision: str = "head") -> None:
    """Upgrade the schema to ``revision``."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    command.upgrade(config, revision)


def _create_or_check(store: Store, now: datetime, simulated_at: datetime | None) -> bool:
    check = keyed(store.secret, "closeloop")
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
