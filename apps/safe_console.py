"""Write text from outside to a terminal safely: nothing of it moves the cursor, sets a title or hides itself."""

import sys
from codecs import getincrementaldecoder
from collections.abc import Iterable
from io import RawIOBase
from typing import TYPE_CHECKING, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from models.printable_text import printable

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class SafeConsole(Console):
    """Rich's console; the text of every segment is made printable, while colours and cursor moves of its own stay."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of a renderable, those of text made printable."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(printable(segment.text), segment.style)


def write_out(text: str) -> None:
    """Write a document to standard output: as it is for a file or a program, made printable for a terminal."""
    sys.stdout.write(printable(text) if sys.stdout.isatty() else text)


class TerminalBytes(RawIOBase):
    """Takes the bytes of a document in UTF-8 for a terminal, and prints its text made printable."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._decoder = getincrementaldecoder("utf-8")("replace")

    def writable(self) -> bool:
        """Return True: this is what it is for."""
        return True

    def write(self, content: "ReadableBuffer", /) -> int:
        """Print the text of the bytes; returns their number."""
        self._terminal.write(printable(self._decoder.decode(bytes(content))))
        return len(bytes(content))
