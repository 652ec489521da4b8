"""Links every case number in a text to the page of its case, and lists the cases that are overdue."""

import re
from collections.abc import Iterator

from engine.store import Store
from reports.figures import timers

NUMBER = re.compile(r"(?<![\w\[/-])[a-z]{2}-\d{2}-\d{6,12}(?![\w\]-])")
FENCE = "```"
BROKEN = """
SELECT c.number, c.kind, c.level, k.clause FROM timer k JOIN cases c ON c.id = k.case_id
 WHERE k.closed_at IS NULL AND k.level > 0 AND NOT c.closed ORDER BY c.level DESC, k.opened_at, c.id LIMIT :limit
"""


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


def overdue_numbers(store: Store, most: int) -> dict[str, int]:
    """Return the open cases with a broken promise and their levels, the highest level first."""
    with store.looking() as tx:
        rows = tx.rows(BROKEN, limit=4 * most)
    found = {row.number: row.level for row in rows if row.clause not in timers(row.kind)}
    return dict(list(found.items())[:most])
