"""Begins the anchors anew over a doubt: an administrator's decision, which stands in the file for ever."""

from datetime import datetime

from engine.actors import acting
from engine.ledger.anchor_file import Anchored
from engine.ledger.anchoring import Anew, anchor, doubts
from engine.ledger.signing import PRIVATE, key_of
from engine.store import Store
from models.columns import to_micros
from statemachines.refused import Refused
from statemachines.roles import Role


def begin_anew(store: Store, handle: str, reason: str, now: datetime) -> Anchored:
    """Anchor what is there now, whatever was anchored before. Raises ``Refused('not_administrator')``."""
    with store.looking() as tx:
        if Role.ADMINISTRATOR not in acting(tx, handle, to_micros(now)).roles:
            raise Refused("not_administrator", handle=handle)
    made = anchor(store, now, Anew(handle, reason))
    assert made is not None, "whoever begins anew is stopped by no doubt"
    return made


def anchor_now(store: Store, now: datetime) -> Anchored | None:
    """Anchor on demand; None if nothing has changed. Raises ``Refused('no_anchor_key' | 'anchor_doubted')``."""
    if (made := anchor(store, now)) is not None:
        return made
    if findings := doubts(store):
        problems = [f"{doubt.number or '–'} {doubt.seq} {doubt.what}" for doubt in findings]
        raise Refused("anchor_doubted", count=len(findings), problems=problems)
    if key_of(store.home) is None:
        raise Refused("no_anchor_key", file=str(store.home / PRIVATE), folder=str(store.anchors))
    return None
