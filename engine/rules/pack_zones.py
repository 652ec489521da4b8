"""Find the time zones of the policy packs that a store has published."""

from datetime import datetime

from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros

ANY_PACK = "SELECT 1 AS one FROM edition WHERE sort = 'pack' LIMIT 1"


def pack_zones(store: Store) -> frozenset[str]:
    """Return the zones of the published packs in force now; empty while the shipped files hold."""
    with store.looking() as tx:
        return pack_zones_in(tx, store.now())


def pack_zones_in(tx: Tx, at: datetime) -> frozenset[str]:
    """Return the zones of the published packs in force at an instant; empty while the shipped files hold."""
    if tx.row(ANY_PACK) is None:
        return frozenset()
    from engine.rules.in_force import Sort, rules_in  # reading packs takes time that other commands need not spend

    rules, now = rules_in(tx), to_micros(at)
    names = {edition.name for edition in rules.editions if edition.sort == Sort.PACK}
    return frozenset(rules.pack(name, now).zone for name in names if rules.in_force(Sort.PACK, name, now))
