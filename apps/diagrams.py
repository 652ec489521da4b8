"""Draws what is generated from the tables into ``docs/generated/``; ``--check`` says whether it is up to date."""

import sys
from pathlib import Path

from statemachines.diagram import mermaid
from statemachines.kinds import lifecycles

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "generated"


def pages() -> dict[Path, str]:
    """Every generated page with its text."""
    return {FOLDER / f"{kind}.md": _page(kind) for kind in sorted(lifecycles())}


def _page(kind: str) -> str:
    table = lifecycles()[kind]
    head = (
        f"# {kind}\n\nDrawn from `statemachines/` by `python -m apps.diagrams`; do not edit. Version `{table.version}`."
    )
    return f"{head}\n\n```mermaid\n{mermaid(table)}```\n"


def main(arguments: list[str]) -> int:
    """Write the pages, or check them; 1 if a page is out of date."""
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"{path.name} is out of date: run `python -m apps.diagrams`\n")
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in stale:
        path.write_text(pages()[path], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
