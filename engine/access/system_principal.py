"""The principal of this installation's own work."""

from datetime import datetime

from engine.access.principal import Principal, PrincipalKind
from engine.actors import SYSTEM, acting
from engine.store import Store
from models.columns import to_micros


def system_principal(store: Store, via: str, at: datetime) -> Principal:
    """Return the driver and the flows of this installation as they act at a door; ``via`` names it in the record."""
    with store.looking() as tx:
        return Principal(acting(tx, SYSTEM, to_micros(at)), PrincipalKind.SYSTEM, via)
