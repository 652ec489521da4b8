"""Writes the generated pages of ``docs/generated/``; ``--check`` exits 1 if one of them is out of date."""

import sys
from pathlib import Path

from apps.room_diagram import room_page
from statemachines.diagram import mermaid
from statemachines.kinds import lifecycles

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "generated"


def pages() -> dict[Path, str]:
    """Return every generated page with its text: one of each lifecycle, and one of the rooms."""
    lifecycle_pages = {FOLDER / f"{kind}.md": _page(kind) for kind in sorted(lifecycles())}
    return {**lifecycle_pages, FOLDER / "rooms.md": room_page()}


def _page(kind: str) -> str:
    table = lifecycles()[kind]
    head = (
        f"# {kind}\n\nDrawn from `statemachines/` by `python -m apps.diagrams`; do not edit. Version `{table.version}`."
    )
    return f"{head}\n\n```mermaid\n{mermaid(table)}```\n"


def main(arguments: list[str]) -> int:
    """Write the pages that are out of date, or with ``--check`` name them; return 1 if there is one to name."""
    stale = {path: text for path, text in pages().items() if not path.exists() or path.read_text("utf-8") != text}
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"{path.name} is out of date: run `python -m apps.diagrams`\n")
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in stale.items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
