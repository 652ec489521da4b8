"""Lays states and moves out as a drawing for a page: lanes from left to right, boxes in them, curved arrows between.

It knows nothing of cases: it is told which states and arrows there are and how each stands out. The page writes it as
SVG; beside it stands the same as a table.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BOX_WIDTH, LANE_GAP, BOX_GAP, LINE, PADDING, HEAD = 140, 56, 28, 17, 10, 40
LINE_WIDTH = 18
"""The width of a line of text in a box, in Latin letters; a Chinese character takes two."""
MOST_LINES = 4
DETOUR = 14
"""The room beneath the boxes for each arrow that goes around them."""


@dataclass(frozen=True, slots=True)
class DrawnState:
    """A state: its lane, its label, notes beneath it, and how it stands out (``here``, ``visited`` or empty)."""

    name: str
    lane: str
    label: str
    look: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DrawnArrow:
    """An arrow from state to state, what is written on it, and its look (``taken``, ``next`` or empty)."""

    source: str
    dest: str
    text: str = ""
    look: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text in a box; ``y`` is its base line."""

    y: int
    text: str
    note: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A state as it is drawn."""

    x: int
    y: int
    height: int
    look: str
    lines: tuple[Line, ...]
    width: int = BOX_WIDTH

    @property
    def middle(self) -> int:
        """Return where its text is centred."""
        return self.x + self.width // 2


@dataclass(frozen=True, slots=True)
class Curve:
    """An arrow as it is drawn: its path, and where its text stands."""

    path: str
    look: str
    text: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing with its size, the heads of its lanes, its boxes and its arrows."""

    width: int
    height: int
    lanes: tuple[tuple[int, str], ...]
    boxes: tuple[Box, ...]
    curves: tuple[Curve, ...]


def draw(lanes: Mapping[str, str], states: Sequence[DrawnState], arrows: Sequence[DrawnArrow]) -> Drawing:
    """Return the drawing. ``lanes`` gives the label of each lane, in order; one without states is left out."""
    used = [lane for lane in lanes if any(state.lane == lane for state in states)]
    boxes, below = dict[str, Box](), defaultdict[str, int](lambda: HEAD)
    for state in states:
        lines = _lines(state)
        height = len(lines) * LINE + 2 * PADDING
        x = PADDING + used.index(state.lane) * (BOX_WIDTH + LANE_GAP)
        y = below[state.lane]
        placed = [
            Line(y + PADDING + LINE * (n + 1) - 4, text, note=note) for n, (text, note) in enumerate(lines)
        ]  # fmt: skip
        boxes[state.name] = Box(x, y, height, state.look, tuple(placed))
        below[state.lane] = y + height + BOX_GAP
    heads = tuple((PADDING + n * (BOX_WIDTH + LANE_GAP) + BOX_WIDTH // 2, lanes[lane]) for n, lane in enumerate(used))
    width = 2 * PADDING + max(len(used), 1) * (BOX_WIDTH + LANE_GAP)
    drawn = [arrow for arrow in arrows if arrow.source in boxes and arrow.dest in boxes and arrow.source != arrow.dest]
    lowest = max(below.values(), default=HEAD) - BOX_GAP // 2
    curves = _curves(boxes, drawn, lowest)
    detours = sum(_far(boxes, arrow) for arrow in drawn)
    height = lowest + BOX_GAP // 2 + detours * DETOUR
    return Drawing(width, height, heads, tuple(boxes.values()), tuple(curves))


def _far(boxes: Mapping[str, Box], arrow: DrawnArrow) -> bool:
    """Return whether an arrow passes a lane, so that it is led around the boxes there."""
    return abs(boxes[arrow.source].x - boxes[arrow.dest].x) > BOX_WIDTH + LANE_GAP


def _lines(state: DrawnState) -> list[tuple[str, bool]]:
    notes = [(line, True) for note in state.notes for line in wrapped(note)]
    return [*((line, False) for line in wrapped(state.label)), *notes]


def wrapped(text: str) -> list[str]:
    """Return a text in lines that fit into a box; what does not fit is cut off with a sign that says so."""
    lines, width = [""], 0
    for piece in _pieces(text):
        size = sum(_width(character) for character in piece)
        if width + size > LINE_WIDTH and lines[-1].strip():
            lines.append("")
            width = 0
        lines[-1] += piece
        width += size
    lines = [line.strip() for line in lines if line.strip()]
    return lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 1], f"{lines[MOST_LINES - 1][:-1]}…"]


def _pieces(text: str) -> list[str]:
    """Return what a line may not be broken within: Latin words with their blank, Chinese characters one by one."""
    pieces = [""]
    for character in text:
        if _width(character) == 2 or (pieces[-1] and (pieces[-1][-1] == " " or _width(pieces[-1][-1]) == 2)):
            pieces.append("")
        pieces[-1] += character
    return pieces


def _width(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _curves(boxes: Mapping[str, Box], arrows: Sequence[DrawnArrow], lowest: int) -> list[Curve]:
    """Return the arrows; those that leave or reach one side of a box share its height.

    Those that pass a lane go beneath all boxes, each in a height of its own from ``lowest`` on.
    """
    sides = Counter[tuple[str, str]]()
    for arrow in arrows:
        sides.update(_sides(boxes, arrow))
    taken, curves = Counter[tuple[str, str]](), list[Curve]()
    for arrow in arrows:
        ends = list[tuple[int, int]]()
        for name, side in _sides(boxes, arrow):
            taken[name, side] += 1
            box = boxes[name]
            y = box.y + box.height * taken[name, side] // (sides[name, side] + 1)
            ends.append((box.x + (box.width if side == "right" else 0), y))
        if _far(boxes, arrow):
            curves.append(_detour(arrow, ends[0], ends[1], lowest))
            lowest += DETOUR
        else:
            curves.append(_curve(arrow, ends[0], ends[1], _sides(boxes, arrow)))
    return curves


def _sides(boxes: Mapping[str, Box], arrow: DrawnArrow) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return at which side of which box an arrow begins and ends."""
    source, dest = boxes[arrow.source], boxes[arrow.dest]
    if source.x == dest.x:
        return (arrow.source, "right"), (arrow.dest, "right")
    forward = source.x < dest.x
    return (arrow.source, "right" if forward else "left"), (arrow.dest, "left" if forward else "right")


def _curve(
    arrow: DrawnArrow, start: tuple[int, int], end: tuple[int, int], sides: Sequence[tuple[str, str]]
) -> Curve:  # fmt: skip
    (x1, y1), (x2, y2) = start, end
    bend = max(LANE_GAP * 2 // 3, abs(x2 - x1) // 2) if x1 != x2 else LANE_GAP * 2 // 3
    c1 = x1 + (bend if sides[0][1] == "right" else -bend)
    c2 = x2 + (bend if sides[1][1] == "right" else -bend)
    x, y = (x1 + 3 * c1 + 3 * c2 + x2) // 8, (y1 + y2) // 2
    return Curve(f"M{x1},{y1} C{c1},{y1} {c2},{y2} {x2},{y2}", arrow.look, arrow.text, x, y - 3)


def _detour(arrow: DrawnArrow, start: tuple[int, int], end: tuple[int, int], beneath: int) -> Curve:
    """Return an arrow that goes down in the gap beside its source, beneath all boxes, and up beside its end."""
    (x1, y1), (x2, y2) = start, end
    way = LANE_GAP // 2 if x1 < x2 else -LANE_GAP // 2
    down, up = x1 + way, x2 - way
    path = (
        f"M{x1},{y1} C{down},{y1} {down},{y1} {down},{(y1 + beneath) // 2}"
        f" C{down},{beneath} {down},{beneath} {down + way},{beneath} L{up - way},{beneath}"
        f" C{up},{beneath} {up},{beneath} {up},{(y2 + beneath) // 2} C{up},{y2} {up},{y2} {x2},{y2}"
    )
    return Curve(path, arrow.look, arrow.text, (down + up) // 2, beneath - 3)
