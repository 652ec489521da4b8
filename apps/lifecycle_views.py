"""Lifecycles as pages draw them: the way that one case went, and a kind as its cases lived it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.case_history import HistoryMove
from apps.web.lifecycle_drawing import Drawing, DrawnArrow, DrawnState, draw
from locales.translation import label, translate
from reports.discovered_model import MAX_ARCS, DiscoveredModel
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle, Milestone
from statemachines.roles import Role

OF_NOBODY = frozenset({Role.IMPORT})
"""Whose moves are not shown as what may come next."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A move that was made, or with ``steps`` empty one that may come next; labels of states and move."""

    source: str
    move: str
    dest: str
    steps: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseDrawing:
    """The drawing of a case's way, and the same as rows of a table."""

    drawing: Drawing
    legs: tuple[Leg, ...]


def case_drawing(
    kind: str, state: str, moves: Sequence[HistoryMove], running: Sequence[str], locale: str
) -> CaseDrawing:
    """Return the lifecycle of a case with the way it went, where it stands, and which clauses run there."""
    table = lifecycle_of(kind)
    taken = defaultdict[tuple[str, str, str], list[int]](list)
    for move in moves:
        source, dest = table.resolver.state(move.source), table.resolver.state(move.dest)
        if source != dest:
            taken[source, table.resolver.move(move.move), dest].append(move.seq)
    visited = {name for source, _, dest in taken for name in (source, dest)} | {table.initial}
    nexts = [leg for leg in _next(table, state) if (leg[0], leg[2]) not in {(each[0], each[2]) for each in taken}]
    steps = defaultdict[tuple[str, str], list[int]](list)
    for (source, _, dest), seqs in taken.items():
        steps[source, dest] += seqs
    arrows = [
        *(DrawnArrow(*pair, text=", ".join(map(str, sorted(seqs))), look="taken") for pair, seqs in steps.items()),
        *(DrawnArrow(*pair, look="next") for pair in dict.fromkeys((leg[0], leg[2]) for leg in nexts)),
    ]
    notes = (translate(locale, "console.diagram.here"), *running)
    states = [
        _state(
            table, each.name, "here" if each.name == state else "visited" if each.name in visited else "",
            notes if each.name == state else (), locale,
        )
        for each in table.states
    ]  # fmt: skip
    legs = [_leg(kind, leg, locale, tuple(seqs)) for leg, seqs in sorted(taken.items(), key=lambda item: item[1])]
    legs += [_leg(kind, leg, locale) for leg in _next(table, state)]
    return CaseDrawing(draw(_lanes(locale), states, arrows), tuple(legs))


def kind_drawing(model: DiscoveredModel, locale: str) -> Drawing:
    """Return the lifecycle of a kind as its cases lived it: the most frequent arcs, with how often each was taken."""
    table = lifecycle_of(model.kind)
    counts = defaultdict[tuple[str, str], int](int)
    for arc, count in model.arcs.items():
        if arc.source and arc.source != arc.dest:
            counts[arc.source, arc.dest] += count
    most = sorted(counts.items(), key=lambda item: -item[1])[:MAX_ARCS]
    arrows = [DrawnArrow(*pair, text=str(count), look="taken") for pair, count in most]
    lived = {name for pair in counts for name in pair} | set(model.standing) | {table.initial}
    states = [
        _state(table, state.name, "visited", _standing(model.standing, state.name, locale), locale)
        for state in table.states
        if state.name in lived
    ]
    return draw(_lanes(locale), states, arrows)


def _standing(standing: Mapping[str, int], state: str, locale: str) -> tuple[str, ...]:
    count = standing.get(state, 0)
    return (f"{translate(locale, 'console.kind.open')}: {count}",) if count else ()


def _state(table: Lifecycle, name: str, look: str, notes: tuple[str, ...], locale: str) -> DrawnState:
    milestone = table.state[name].milestone.value
    return DrawnState(name, milestone, label(locale, table.kind, "state", name), look, notes)


def _lanes(locale: str) -> dict[str, str]:
    return {milestone.value: label(locale, "", "milestone", milestone.value) for milestone in Milestone}


def _next(table: Lifecycle, state: str) -> list[tuple[str, str, str]]:
    """Return the moves by which somebody can lead a case out of a state, as source, move and destination."""
    return list(
        dict.fromkeys(
            (state, row.name, row.dest)
            for row in table.moves
            if state in row.sources and row.dest not in (None, state) and set(row.roles) - OF_NOBODY
        )
    )


def _leg(kind: str, leg: tuple[str, str, str], locale: str, steps: tuple[int, ...] = ()) -> Leg:
    source, move, dest = leg
    return Leg(
        label(locale, kind, "state", source), label(locale, kind, "move", move), label(locale, kind, "state", dest),
        steps,
    )  # fmt: skip
