"""Limits for logs that are read piece by piece: the size of one record, the depth of nesting.

A parser holds a record until it is whole, so a file of one endless record would fill the memory. Expat before 2.6 also
reads a value again from its beginning with every piece that it is given; pieces that grow make that linear.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import Element

import ijson  # pyright: ignore[reportMissingTypeStubs] it ships none
from defusedxml.ElementTree import iterparse

from gateways.logs.log_files import refused

RECORD_LIMIT = 12_000_000
"""The most bytes, or characters, between the ends of two records. A text of a case has at most 64 kB."""
TOKEN_LIMIT = 500_000
"""The most elements or values of one record: twelve megabytes of empty elements take ten seconds."""
DEPTH_LIMIT = 64
"""The most levels of nesting. XES and OCEL need fewer than ten."""
PIECE = 1 << 16


class _Pieces:
    """Reads a file in pieces: the next one is as long as all that was read since the parser last found something."""

    def __init__(self, handle: IO[Any], path: Path) -> None:
        self._handle, self._path = handle, path
        self._since_record = self._since_token = self._tokens = 0

    def read(self, size: int = -1, /) -> Any:
        """Return the next piece, ``size`` long or longer. Raises ``Unreadable('bad_log.record_too_long')``."""
        if self._since_record > RECORD_LIMIT or self._tokens > TOKEN_LIMIT:
            raise refused("bad_log.record_too_long", self._path, megabytes=RECORD_LIMIT // 1_000_000)
        piece = self._handle.read(max(size, PIECE, self._since_token) if size else 0)  # ijson asks for 0: which type?
        self._since_record += len(piece)
        self._since_token += len(piece)
        return piece

    def token(self) -> None:
        """Note that the parser found something: the pieces begin to grow anew."""
        self._since_token = 0
        self._tokens += 1

    def record(self) -> None:
        """Note that a record is whole."""
        self._since_record = self._since_token = self._tokens = 0


def xml_elements(handle: IO[Any], path: Path, depth_of_records: int) -> Iterator[tuple[str, Element]]:
    """Yield the starts and ends of elements; those at most ``depth_of_records`` deep end a record.

    Raises ``Unreadable('bad_log.record_too_long' | 'bad_log.too_deep')`` and what the parser raises.
    """
    pieces, depth = _Pieces(handle, path), 0
    for phase, element in iterparse(pieces, events=("start", "end")):
        depth += 1 if phase == "start" else -1
        if depth > DEPTH_LIMIT:
            raise refused("bad_log.too_deep", path, levels=DEPTH_LIMIT)
        pieces.token()
        yield phase, element
        if phase == "end" and depth <= depth_of_records:
            pieces.record()


def check_json(path: Path) -> None:
    """Read all of a JSON file without keeping it. Raises what ``xml_elements`` and ijson raise.

    A record is what stands in a list that is a value of the outermost object.
    """
    with path.open("rb") as handle:
        pieces, depth = _Pieces(handle, path), 0
        for event, _ in ijson.basic_parse(pieces, use_float=True):
            pieces.token()
            if event in {"start_map", "start_array"}:
                depth += 1
                if depth > DEPTH_LIMIT:
                    raise refused("bad_log.too_deep", path, levels=DEPTH_LIMIT)
            elif event in {"end_map", "end_array"}:
                depth -= 1
            if depth <= 2:
                pieces.record()
