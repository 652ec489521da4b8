"""Begins the anchors anew over a doubt: an administrator's decision, which stands in the file for ever."""

from datetime import datetime

from engine.actors import acting
from engine.clock_doubt import anchoring_doubt, believe_clock, clock_doubt
from engine.kept_counts import forget_counts
from engine.ledger.anchor_file import Anchored
from engine.ledger.anchoring import Anew, anchor, doubts
from engine.ledger.signing import PRIVATE, key_of
from engine.store import Store
from models.columns import to_micros
from statemachines.refused import Refused
from statemachines.roles import Role


def begin_anew(store: Store, handle: str, reason: str, now: datetime) -> Anchored:
    """Anchor what is there now, whatever was anchored before, and believe the clock of this machine from now on.

    Raises ``Refused('not_administrator' | 'clock_differs')``: of two clocks that differ nobody can confirm one here.
    """
    with store.looking() as tx:
        if Role.ADMINISTRATOR not in acting(tx, handle, to_micros(now)).roles:
            raise Refused("not_administrator", handle=handle)
    if (doubt := clock_doubt(store)) is not None and doubt.code == "clock_differs":
        raise doubt
    with store.writing() as tx:  # see Note [Settled] in engine/kept_counts.py
        forget_counts(tx)
    made = anchor(store, now, Anew(handle, reason))
    believe_clock(store, anew=True)
    assert made is not None, "whoever begins anew is stopped by no doubt"
    return made


def anchor_now(store: Store, now: datetime) -> Anchored | None:
    """Anchor on demand; None if nothing has changed.

    Raises ``Refused('no_anchor_key' | 'anchor_doubted')``, or what ``anchoring_doubt`` says of the clock.
    """
    if (doubt := anchoring_doubt(store)) is not None:
        raise doubt
    believe_clock(store)
    if (made := anchor(store, now)) is not None:
        return made
    if findings := doubts(store):
        problems = [f"{doubt.number or '–'} {doubt.seq} {doubt.what}" for doubt in findings]
        raise Refused("anchor_doubted", count=len(findings), problems=problems)
    if key_of(store.home) is None:
        raise Refused("no_anchor_key", file=str(store.home / PRIVATE), folder=str(store.anchors))
    return None
