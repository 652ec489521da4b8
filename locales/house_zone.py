"""Read in the time zone of a person, or of a house: that of its settings, else that of its published policy packs."""

from contextlib import suppress
from typing import TYPE_CHECKING

from engine.rules.pack_zones import pack_zones_in
from engine.store import Store
from engine.transaction import Tx
from locales.zone import ReaderZone, use_zone, zone_for
from statemachines.refused import Refused

if TYPE_CHECKING:
    from engine.settings import Settings


ZONE_OF = "SELECT zone FROM actor WHERE handle = :handle"


def use_house_zone(settings: "Settings", store: Store, reader: str | None = None) -> None:
    """Read in the zone of this house from now on, or in that of ``reader``, a handle, if he has one.

    Raises ``Refused('bad_zone_setting')``.
    """
    use_zone(house_zone(settings, store, reader))


def house_zone(settings: "Settings", store: Store, reader: str | None = None) -> ReaderZone:
    """Return the zone of this house, or that of ``reader``, a handle, if he has one.

    Raises ``Refused('bad_zone_setting')``.
    """
    packs: frozenset[str] = frozenset()
    own: str | None = None
    if store.postgres or store.file.is_file():  # looking would create the file of a store that does not exist
        with suppress(Refused):  # a database that is away says neither which packs it has nor who reads where
            now = store.now()
            with store.looking() as tx:
                packs = pack_zones_in(tx, now)
                own = _zone_of(tx, reader) if reader else None
    return zone_for(own or settings.zone, packs)


def _zone_of(tx: Tx, handle: str) -> str | None:
    row = tx.row(ZONE_OF, handle=handle)
    return None if row is None else row.zone
