"""Takes the anchors away that a store was made with, for tests that make the first ones themselves."""

import shutil
from datetime import datetime

from engine.ledger.anchor_file import Anchored
from engine.ledger.anchoring import Anew, anchor
from engine.ledger.last_seen import SEEN
from engine.store import Store
from tests.case_actions import execute_sql

UNNAMED = Anew("", "")
"""Begins anchors as ``init`` does."""


def forget_anchors(store: Store) -> None:
    """Leave neither rows nor files of anchors, nor a trace of them in the home; the keys stay."""
    execute_sql(store, "DELETE FROM anchor")
    shutil.rmtree(store.anchors)
    (store.home / SEEN).unlink()


def anchor_first(store: Store, at: datetime) -> Anchored:
    """Make line 1 over what the store holds now."""
    forget_anchors(store)
    made = anchor(store, at, UNNAMED)
    assert made is not None
    return made
