"""Read in the time zone of a house: that of its settings, else that of its published policy packs."""

from contextlib import suppress
from typing import TYPE_CHECKING

from engine.rules.pack_zones import pack_zones
from engine.store import Store
from locales.zone import use_zone, zone_for
from statemachines.refused import Refused

if TYPE_CHECKING:
    from engine.settings import Settings


def use_house_zone(settings: "Settings", store: Store) -> None:
    """Read in the zone of this house from now on. Raises ``Refused('bad_zone_setting')``."""
    packs: frozenset[str] = frozenset()
    if store.postgres or store.file.is_file():  # looking would create the file of a store that does not exist
        with suppress(Refused):  # a database that is away does not say which packs it has
            packs = pack_zones(store)
    use_zone(zone_for(settings.zone, packs))
