"""Pieces of a page in Markdown: a table, a department's name, a link from one artifact to another."""

from collections.abc import Iterable, Iterator, Sequence

from locales.translation import label, translate

SHOWN = 30
"""Rows a list shows before it says how many more there are."""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table; nothing in it may break a row."""
    yield "| " + " | ".join(heads) + " |"
    yield "|" + " --- |" * len(heads)
    yield from ("| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows)


def department(locale: str, code: str | None) -> str:
    """A department's name; a code without one stands for itself."""
    return label(locale, "", "department", code) if code else "–"


def percent(part: int, whole: int) -> str:
    """A share in whole percent; no share of nothing."""
    return f"{round(part * 100 / whole)} %" if whole else "–"


def link(locale: str, key: str) -> str:
    """A link to the newest artifact of that key.

    It is relative, so that it works on the page of an artifact as on that of a key, below any address the UI has.
    """
    return f"[{translate(locale, f'artifact_name.{key}')}](../key/{key})"
