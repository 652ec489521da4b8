"""Find the time zones of the policy packs that a store has published."""

from engine.store import Store
from models.columns import to_micros

ANY_PACK = "SELECT 1 AS one FROM edition WHERE sort = 'pack' LIMIT 1"


def pack_zones(store: Store) -> frozenset[str]:
    """Return the zones of the published packs in force now; empty while the shipped files hold."""
    with store.looking() as tx:
        if tx.row(ANY_PACK) is None:
            return frozenset()
        from engine.rules.in_force import Sort, rules_in  # reading packs takes time that other commands need not spend

        rules = rules_in(tx)
    now = to_micros(store.now())
    names = {edition.name for edition in rules.editions if edition.sort == Sort.PACK}
    return frozenset(rules.pack(name, now).zone for name in names if rules.in_force(Sort.PACK, name, now))
