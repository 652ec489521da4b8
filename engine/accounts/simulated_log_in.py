"""The log-in of a simulated store: its people are played, and its clock stands still, so nobody proves who he is.

A real store is never entered so.
"""

from datetime import datetime

from engine.accounts.invitations import open_account
from engine.accounts.sessions import NewSession, SessionLimits, Visitor, open_session
from engine.actors import NOBODY, known_actor, system_actor
from engine.contention import retrying
from engine.store import Store
from models.columns import to_micros
from statemachines.refused import Refused

PLAYED = "SELECT handle, roles FROM actor WHERE disabled_at IS NULL ORDER BY handle LIMIT 100"


def played_people(store: Store) -> list[tuple[str, list[str]]]:
    """Return the handles and roles of those who can be played; of a real store nobody."""
    if not store.simulated:
        return []
    with store.looking() as tx:
        return [(row.handle, row.roles.split()) for row in tx.rows(PLAYED) if row.handle not in NOBODY]


def play(store: Store, handle: str, visitor: Visitor, limits: SessionLimits, at: datetime) -> NewSession:
    """Open a session for somebody of a simulated store. Raises ``Refused('log_in_refused')``, also of a real store."""
    if not store.simulated or handle in NOBODY:
        raise Refused("log_in_refused")

    def attempt() -> NewSession:
        with store.writing() as tx:
            actor = known_actor(tx, handle)
            if not actor.available(to_micros(at)):
                raise Refused("log_in_refused")
            open_account(tx, actor, system_actor(tx), at)
            return open_session(tx, store.secret, actor, visitor, limits, at, second_factor=True)

    return retrying(attempt)
