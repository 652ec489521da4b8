"""Reads the fenced blocks of the pages in docs/, so that tests can run what a page tells people to type."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMES_FILE = re.compile(r"`([\w./-]+)`[^`]*:$")
"""A line that names a file and ends with a colon: the next block is the content of that file."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the last line before it that is not blank."""

    language: str
    text: str
    before: str

    @property
    def commands(self) -> list[str]:
        """Return the closeloop commands of the block, without prompts and comments."""
        lines = [line.removeprefix("$ ").split("  #")[0].strip() for line in self.text.splitlines()]
        return [line for line in lines if line.startswith("closeloop ")]

    @property
    def file(self) -> str | None:
        """Return the file that the block is the content of, if the line before it names one."""
        named = NAMES_FILE.search(self.before)
        return named[1] if named and self.language != "console" else None


def blocks(page: str, section: str = "") -> Iterator[Block]:
    """Yield the fenced blocks of a page, or of one section of it, in order."""
    text = (ROOT / page).read_text("utf-8")
    if section:
        _, _, rest = text.partition(f"\n## {section}\n")
        text = rest.partition("\n## ")[0]
    for fence in FENCE.finditer(text):
        lines = text[: fence.start()].rstrip().splitlines()
        yield Block(fence[1], fence[2], lines[-1] if lines else "")
