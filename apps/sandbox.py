"""The sandbox: sixty invented contacts in an empty store, so that whoever has just started can look around.

They are those of the demo, moved in time so that the last one came in just now. Their source is named ``sandbox``, by
which the pages say that the store is one.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from apps.scenario import hire, load_scenario
from engine.commands.arrivals import Source, record
from engine.store import Store
from gateways.contact_mapping import ContactMapping
from gateways.contacts import contacts
from gateways.mapping_file import load_mapping
from models.contact import Contact
from statemachines.refused import Refused
from statemachines.roles import Role

NAME = "sandbox"
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
EMPTY = "SELECT NOT EXISTS (SELECT 1 FROM arrival) AND NOT EXISTS (SELECT 1 FROM transition) AS empty"
PLAYED = (Role.AGENT, Role.HANDLER, Role.TEAM_SUPERVISOR, Role.DEPARTMENT_MANAGER)
WITHOUT_ACCOUNT = """
SELECT a.handle, a.roles FROM actor a
 WHERE a.disabled_at IS NULL AND NOT EXISTS (SELECT 1 FROM account b WHERE b.actor_id = a.id) ORDER BY a.id
"""
LOADED = "SELECT EXISTS (SELECT 1 FROM arrival WHERE source = :name) AS loaded"


@dataclass
class SandboxCheck:
    """Whether a store is a sandbox. Once anything was done in it, this never changes, and is not asked again."""

    store: Store
    _loaded: bool | None = None

    def loaded(self) -> bool:
        """Return whether the store is a sandbox."""
        if self._loaded is not None:
            return self._loaded
        with self.store.looking() as tx:
            empty = bool(tx.row(EMPTY).empty)
            loaded = not empty and bool(tx.row(LOADED, name=NAME).loaded)
        if not empty:
            self._loaded = loaded
        return loaded


def is_offered(store: Store) -> bool:
    """Return whether the sandbox may be loaded: only while nothing was ever done in the store."""
    with store.looking() as tx:
        return bool(tx.row(EMPTY).empty)


def people_to_play(store: Store) -> list[tuple[Role, str]]:
    """Return somebody of each role whose pages show most, who has no account yet: to come in as him."""
    with store.looking() as tx:
        rows = tx.rows(WITHOUT_ACCOUNT)
    found = ((role, next((row.handle for row in rows if role in row.roles.split()), None)) for role in PLAYED)
    return [(role, handle) for role, handle in found if handle is not None]


def load_sandbox(store: Store, at: datetime) -> int:
    """Record the contacts and add their staff; return how many contacts. Raises ``Refused('no_sandbox')``."""
    if not is_offered(store):
        raise Refused("no_sandbox")
    hire(store, load_scenario(EXAMPLES / "scenario.toml"))
    columns = load_mapping(EXAMPLES / "contacts.toml", ContactMapping)
    found = list(contacts(EXAMPLES / "contacts.csv", columns))
    later = at - max(contact.at for contact in found)
    moved: list[Contact] = [contact.model_copy(update={"at": contact.at + later}) for contact in found]
    return record(store, Source(NAME, columns.source.kind, columns.source.pack), moved).new
