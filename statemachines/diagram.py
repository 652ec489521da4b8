"""Draw a lifecycle as a Mermaid state diagram from its table."""

from statemachines.lifecycle import Lifecycle, Move


def mermaid(table: Lifecycle) -> str:
    """Return the diagram's text (``stateDiagram-v2``), with notes for moves that stay and for SLA timers."""
    lines = ["stateDiagram-v2", f"    [*] --> {table.initial}"]
    for (source, dest), labels in _arrows(table).items():
        lines.append(f"    {source} --> {dest}: {', '.join(labels)}")
    lines += [f"    {state.name} --> [*]" for state in table.states if state.final]
    for state in table.states:
        lines += _note(table, state.name)
    return "\n".join(lines) + "\n"


def _arrows(table: Lifecycle) -> dict[tuple[str, str], list[str]]:
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in table.moves:
        for source in row.sources if row.dest else ():
            arrows.setdefault((source, row.dest or ""), []).append(_label(row))
    return arrows


def _label(row: Move) -> str:
    label = f"{row.name} [{row.guard.name}]" if row.guard else row.name
    return f"{label} ↻" if row.reopens else label


def _note(table: Lifecycle, state: str) -> list[str]:
    stays = dict.fromkeys(row.name for row in table.moves if row.dest is None and state in row.sources)
    running = [clause.name for clause in table.clauses if state in clause.during]
    paused = [clause.name for clause in table.clauses if state in clause.pauses]
    notes = [
        *([f"may: {', '.join(stays)}"] if stays else []),
        *([f"timers run: {', '.join(running)}"] if running else []),
        *([f"timers paused: {', '.join(paused)}"] if paused else []),
    ]
    if not notes:
        return []
    return [f"    note right of {state}", *(f"        {line}" for line in notes), "    end note"]
