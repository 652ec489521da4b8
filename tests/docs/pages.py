"""Reads the fenced blocks of our pages, so that what a page says can be done is done."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`([\w./-]+)`[^`]*:$")
"""A line that ends with a colon and names a file says that the next block is that file."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the last line before it that is not blank."""

    language: str
    text: str
    before: str

    @property
    def commands(self) -> list[str]:
        """The commands of closeloop in it, without the prompt and without remarks."""
        lines = [line.removeprefix("$ ").split("  #")[0].strip() for line in self.text.splitlines()]
        return [line for line in lines if line.startswith("closeloop ")]

    @property
    def file(self) -> str | None:
        """The file that the block is, if the line before it names one."""
        named = NAMED.search(self.before)
        return named[1] if named and self.language != "console" else None


def blocks(page: str, section: str = "") -> Iterator[Block]:
    """The fenced blocks of a page, or of one section of it, in order."""
    text = (ROOT / page).read_text("utf-8")
    if section:
        _, _, rest = text.partition(f"\n## {section}\n")
        text = rest.partition("\n## ")[0]
    for found in FENCE.finditer(text):
        lines = text[: found.start()].rstrip().splitlines()
        yield Block(found[1], found[2], lines[-1] if lines else "")
