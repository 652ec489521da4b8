"""Draws which rooms (packages) import which, computed from the import statements, and finds circles among them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

ROOMS = (
    "statemachines",
    "models",
    "engine",
    "gateways",
    "locales",
    "classifier",
    "reports",
    "forecast",
    "flows",
    "apps",
)

Edges = Mapping[tuple[str, str], int]
"""How many modules' imports lead from one room to another: {(importer, imported): count}."""
Imports = list[tuple[str, str]]

HEAD = """\
# Rooms and their imports

Drawn from the import statements by `python -m apps.diagrams`; do not edit. A number on an arrow counts the pairs of
files of which one imports the other, also inside a function. The contracts in `pyproject.toml` say which arrows are
allowed; `make check` holds both.
"""


def room_page() -> str:
    """Return the page: a drawing of the rooms, one of each room that has sub-rooms, and the circles."""
    imports = direct_imports()
    lines = [HEAD, "## The rooms", "", *_drawing(ROOMS, edges(imports, ""), ())]
    for room in ROOMS:
        if sub_rooms := _sub_rooms(imports, room):
            drawing = _drawing(sub_rooms, _touching(edges(imports, room), sub_rooms), sub_rooms)
            lines += ["", f"## Within `{room}/`", "", SUB_ROOMS, "", *drawing]
    lines += ["", "## Circles", "", *([f"- {' → '.join(nodes)}" for nodes in circles(imports)] or ["None."])]
    return "\n".join(lines) + "\n"


SUB_ROOMS = "The sub-rooms, and the files beside them that import one or that one imports."


def direct_imports() -> Imports:
    """Return the pairs (importer, imported) of our own modules, sorted."""
    import grimp  # comes with import-linter, which only development needs

    graph = grimp.build_graph(*ROOMS, cache_dir=None)
    return sorted(
        (module, imported) for module in graph.modules for imported in graph.find_modules_directly_imported_by(module)
    )


def edges(imports: Iterable[tuple[str, str]], room: str) -> Edges:
    """Count the imports between the children of a room; between the rooms themselves if ``room`` is empty."""
    counted: Counter[tuple[str, str]] = Counter()
    for importer, imported in imports:
        pair = _child(importer, room), _child(imported, room)
        if all(pair) and pair[0] != pair[1]:
            counted[pair] += 1
    return counted


def circle(between: Edges) -> list[str]:
    """Return the nodes of one circle, the first one repeated at the end; an empty list if there is none."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for importer, imported in sorted(between):
        sorter.add(importer, imported)
    try:
        sorter.prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def circles(imports: Imports) -> list[list[str]]:
    """Return a circle of each level that has one: of the rooms, and of the children of each room and sub-room."""
    levels = ["", *ROOMS, *(sub_room for room in ROOMS for sub_room in _sub_rooms(imports, room))]
    return [nodes for level in levels if (nodes := circle(edges(imports, level)))]


def _child(module: str, room: str) -> str:
    """Return the child of a room that holds a module, or an empty string for a module elsewhere."""
    depth = room.count(".") + 1 if room else 0
    parts = module.split(".")
    inside = not room or (module.startswith(f"{room}.") and len(parts) > depth)
    return ".".join(parts[: depth + 1]) if inside else ""


def _sub_rooms(imports: Imports, room: str) -> list[str]:
    modules = {module for pair in imports for module in pair if module.startswith(f"{room}.")}
    return sorted({".".join(module.split(".")[:2]) for module in modules if module.count(".") > 1})


def _touching(between: Edges, rooms: Iterable[str]) -> Edges:
    known = set(rooms)
    return {pair: count for pair, count in between.items() if known & set(pair)}


def _drawing(nodes: Iterable[str], between: Edges, rooms: Iterable[str]) -> Iterator[str]:
    """Yield a Mermaid flowchart; sub-rooms are boxes with a slash, files rounded."""
    known = set(rooms)
    yield from ("```mermaid", "flowchart TD")
    for node in sorted({*nodes, *(end for pair in between for end in pair)}):
        name = node.rpartition(".")[2]
        yield f'    {node}["{name}/"]' if not rooms or node in known else f'    {node}("{name}")'
    for (importer, imported), count in sorted(between.items()):
        yield f"    {importer} -->|{count}| {imported}"
    yield "```"
