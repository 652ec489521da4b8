"""Links every case number in a text to the page of its case, and lists the cases that are overdue."""

import re
from collections.abc import Iterator
from datetime import datetime

from engine.store import Store
from reports.overdue import by_case, overdue

NUMBER = re.compile(r"(?<![\w\[/-])[a-z]{2}-\d{2}-\d{6,12}(?![\w\]-])")
FENCE = "```"


def case_link(number: str) -> str:
    """Return a link to the page of a case; relative, so that it works on every page of an artifact, a key or a run."""
    return f"[{number}](../../artifacts/key/{number})"


def link_cases(markdown: str) -> str:
    """Return the text with each case number as a link; links, code and drawings stay as they are."""
    return "\n".join(_linked(markdown.split("\n")))


def _linked(lines: list[str]) -> Iterator[str]:
    fenced = False
    for line in lines:
        fenced ^= line.startswith(FENCE)
        yield line if fenced or line.startswith(FENCE) or "`" in line else NUMBER.sub(lambda m: case_link(m[0]), line)


def overdue_numbers(store: Store, at: datetime) -> dict[str, int]:
    """Return the cases that are overdue and their levels, the highest level and the longest wait first."""
    with store.looking() as tx:
        cases = by_case(overdue(tx, at))
    return {case.worst.number: case.worst.level for case in cases}
