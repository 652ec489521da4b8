"""Read the low-water mark: the instant before which nothing is recorded any more, even by a clock set back."""

from engine.transaction import Tx

ANCHORED = "SELECT at FROM anchor ORDER BY id DESC LIMIT 1"
FLOOR = "floor"


def floor(tx: Tx) -> int:
    """Return the instant of the last anchor in microseconds, 0 if there is none.

    An entry dated before an anchor that does not cover it would look backdated.
    """
    if FLOOR not in tx.memory:
        row = tx.row(ANCHORED)
        tx.memory[FLOOR] = 0 if row is None else row.at
    return tx.memory[FLOOR]
