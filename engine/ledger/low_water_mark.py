"""The instant before which nothing more is written down, whatever a clock that was set back says."""

from engine.transaction import Tx

ANCHORED = "SELECT at FROM anchor ORDER BY id DESC LIMIT 1"
FLOOR = "floor"


def floor(tx: Tx) -> int:
    """The last anchor's instant, in microseconds; 0 where nothing was anchored yet.

    What an anchor covers is closed: an entry dated before it would look as if it had been put into the past.
    """
    if FLOOR not in tx.memory:
        row = tx.row(ANCHORED)
        tx.memory[FLOOR] = 0 if row is None else row.at
    return tx.memory[FLOOR]
