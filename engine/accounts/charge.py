"""Who may change an account, a session or a token: the actor whose it is, and an administrator."""

from engine.actors import Acting, administrator, known_actor, refuse_nobody
from engine.transaction import Tx
from statemachines.refused import Refused


def charge_of(tx: Tx, handle: str, by: str, *, of_disabled: bool = False) -> tuple[Acting, Acting]:
    """Return the actor of the handle and whoever may act for him: himself, or an administrator.

    ``of_disabled`` admits the actor, but not whoever acts, although he has left. Raises ``Refused('unknown_actor' |
    'actor_disabled' | 'not_a_person' | 'not_in_charge')``.
    """
    actor = known_actor(tx, handle)
    refuse_nobody(actor.handle)
    if actor.disabled_at is not None and not of_disabled:
        raise Refused("actor_disabled", handle=actor.handle)
    if by != handle:
        return actor, administrator(tx, by)
    if actor.disabled_at is not None:
        raise Refused("actor_disabled", handle=actor.handle)
    return actor, actor
