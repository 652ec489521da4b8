"""Many whole numbers as a short text: a million durations of cases take some megabytes.

The numbers are sorted, and each is told by what it is more than the one before, in 8 bytes. The first bytes of all of
them come first, then the second ones, and so on: most are zeros, which zlib takes out. The result is told in base64.
"""

import sys
import zlib
from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterable
from itertools import accumulate, pairwise

WIDTH = 8
"""How many bytes a number takes."""


def pack(values: Iterable[int]) -> str:
    """Return whole numbers, in any order, each between -2**62 and 2**62, as a text."""
    steps = array("q", (after - before for before, after in pairwise((0, *sorted(values)))))
    if sys.byteorder == "big":
        steps.byteswap()
    whole = steps.tobytes()
    return b64encode(zlib.compress(b"".join(whole[place::WIDTH] for place in range(WIDTH)))).decode()


def unpack(text: str) -> list[int]:
    """Return the numbers of a text, the least first. Raises ``ValueError`` for a text that ``pack`` did not make."""
    try:
        planes = zlib.decompress(b64decode(text))
    except zlib.error as error:
        raise ValueError(str(error)) from error
    number, rest = divmod(len(planes), WIDTH)
    if rest:
        raise ValueError("the text ends in the middle of a number")
    whole = bytearray(len(planes))
    for place in range(WIDTH):
        whole[place::WIDTH] = planes[place * number : (place + 1) * number]
    steps = array("q", bytes(whole))
    if sys.byteorder == "big":
        steps.byteswap()
    return list(accumulate(steps))
