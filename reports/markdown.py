"""Markdown that several reports share: tables, links between artifacts, departments, owners, milestones."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from locales.translation import label, translate
from models.printable_text import printable_line
from reports.current_names import state_of
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.lifecycle import Milestone

SHOWN = 30
"""How many rows a list shows before it says how many more there are."""
SPINE = tuple(milestone for milestone in Milestone if milestone is not Milestone.ARCHIVED)
BOARD, CALLBACKS, LEDGER, REPORT = "sla-board", "callback-list", "escalation-ledger", "morning-report"
"""The keys under which artifacts keep their history."""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; a pipe in a cell becomes a slash, and its text one printable line."""
    yield "| " + " | ".join(heads) + " |"
    yield "|" + " --- |" * len(heads)
    yield from ("| " + " | ".join(printable_line(cell).replace("|", "/") for cell in row) + " |" for row in rows)


def department(locale: str, code: str | None) -> str:
    """Return a department's name, or its code if it has none."""
    return label(locale, "", "department", code) if code else "–"


def link(locale: str, key: str) -> str:
    """Return a link to the newest artifact of a key.

    It is relative, so that it works on the page of an artifact and of a key, below any address of the UI.
    """
    return f"[{translate(locale, f'artifact_name.{key}')}](../key/{key})"


def plain(text: str) -> str:
    """Return the text without the characters that have a meaning in Mermaid."""
    return text.replace('"', "'").replace(":", " ").replace(";", ",").replace("#", "")


def waits_for(locale: str, kind: str, state: str, owner: str | None) -> str:
    """Return whom a case waits for: the role of its state, and the person who has the case if there is one."""
    declared = lifecycle_of(kind).state.get(state_of(kind, state))
    role = label(locale, "", "role", declared.owner) if declared is not None and declared.owner else "–"
    return f"{role} · {owner}" if owner else role


def milestones(cases: Counter[tuple[str, str, int]], locale: str) -> Iterator[str]:
    """Yield a table of open cases by kind and level, with a column for each milestone."""
    if not cases:
        yield translate(locale, "report.none")
        return
    heads = [translate(locale, "report.column.kind"), translate(locale, "report.column.level")]
    rows: list[list[str]] = []
    for kind in sorted(lifecycles()):
        for level in range(4):
            counts = [cases[kind, milestone.value, level] for milestone in SPINE]
            if any(counts):
                names = [label(locale, "", "kind", kind), label(locale, "", "level", str(level))]
                rows.append([*names, *map(str, counts)])
    yield from table([*heads, *(label(locale, "", "milestone", milestone) for milestone in SPINE)], rows)
