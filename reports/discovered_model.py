"""The lifecycle as it was executed: how often each arc was followed, drawn as a Mermaid state diagram."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.commands.open_case import OPEN
from engine.transaction import Tx
from locales.translation import label, translate
from models.columns import to_micros
from reports.current_names import state_of
from reports.markdown import plain
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle
from statemachines.retirement import CARRIED_OVER

MAX_ARCS = 14
"""How many arcs a diagram shows, the most frequent ones; with all of them it is unreadable."""
SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000

# As in `figures.MOVES`: changed_at bounds the search, from the smaller table on.
MOVES = """
SELECT c.kind, t.move, t.source, t.dest, count(*) AS n FROM cases c CROSS JOIN transition t
 WHERE c.changed_at > :since AND t.case_id = c.id
   AND t.occurred_at > :since AND t.occurred_at <= :until AND (t.source <> t.dest OR t.move = :open)
   AND t.move <> :carried_over
 GROUP BY c.kind, t.move, t.source, t.dest
"""
STANDING = "SELECT kind, state AS name, count(*) AS n FROM cases WHERE NOT closed GROUP BY kind, state"


@dataclass(frozen=True, slots=True)
class Arc:
    """A move from one state to another; the opening of a case has an empty ``source``."""

    source: str
    dest: str
    move: str


@dataclass(frozen=True, slots=True)
class DiscoveredModel:
    """What the cases of a kind did: how often each arc was followed, and how many cases are in which state now."""

    kind: str
    arcs: Counter[Arc]
    standing: Counter[str]


def discover(tx: Tx, since: datetime, until: datetime) -> tuple[DiscoveredModel, ...]:
    """Return the model of each kind with moves in (since, until], the busiest first."""
    arcs: dict[str, Counter[Arc]] = {}
    span = {"since": to_micros(since), "until": to_micros(until)}
    for row in tx.rows(MOVES, **span, open=OPEN, carried_over=CARRIED_OVER):
        resolver = lifecycle_of(row.kind).resolver
        source = "" if row.move == OPEN else resolver.state(row.source)
        arc = Arc(source, resolver.state(row.dest), resolver.move(row.move))
        arcs.setdefault(row.kind, Counter())[arc] += row.n
    standing: dict[str, Counter[str]] = {}
    for row in tx.rows(STANDING):
        standing.setdefault(row.kind, Counter())[state_of(row.kind, row.name)] += row.n
    busiest = sorted(arcs, key=lambda kind: (-arcs[kind].total(), kind))
    return tuple(DiscoveredModel(kind, arcs[kind], standing.get(kind, Counter())) for kind in busiest)


def shown(model: DiscoveredModel) -> list[tuple[Arc, int]]:
    """Return the most frequent arcs with their counts; equals in the order of the lifecycle's moves."""
    order = {name: place for place, name in enumerate(lifecycle_of(model.kind).rows)}
    ranked = sorted(model.arcs.items(), key=lambda item: (-item[1], order.get(item[0].move, 0), item[0].source))
    return ranked[:MAX_ARCS]


def left_out(model: DiscoveredModel) -> tuple[int, int]:
    """Return how many arcs the diagram leaves out, and how often they were followed."""
    arcs = shown(model)
    return len(model.arcs) - len(arcs), model.arcs.total() - sum(count for _, count in arcs)


def mermaid(model: DiscoveredModel, locale: str) -> str:
    """Draw the model (``stateDiagram-v2``): states with their open cases, arcs with their counts."""
    arcs, table = shown(model), lifecycle_of(model.kind)
    states = {name for arc, _ in arcs for name in (arc.source, arc.dest) if name} | set(model.standing)
    declared = [state.name for state in table.states if state.name in states]
    ordered = [*declared, *sorted(states - set(declared))]
    notes = {name: str(model.standing[name]) for name in states if model.standing[name]}
    marks = {arc: " ↻" for arc, _ in arcs if _reopens(table, arc)}
    return "\n".join(_diagram(model, ordered, notes, marks, locale)) + "\n"


def duration_diagram(model: DiscoveredModel, medians: Mapping[str, int], locale: str) -> str:
    """Draw the model: states with the median time cases stayed there (microseconds), arcs with their counts."""
    table = lifecycle_of(model.kind)
    states = {name for arc, _ in shown(model) for name in (arc.source, arc.dest) if name}
    ordered = [name for name in table.state if name in states]
    notes = {name: plain(span(locale, medians[name])) for name in ordered if name in medians}
    lines = [*_diagram(model, ordered, notes, {}, locale)]
    lines += [f"    {name} --> [*]" for name in ordered if table.state[name].final]
    return "\n".join(lines) + "\n"


def _diagram(
    model: DiscoveredModel, states: list[str], notes: Mapping[str, str], marks: Mapping[Arc, str], locale: str
) -> Iterator[str]:
    table = lifecycle_of(model.kind)
    yield "stateDiagram-v2"
    for name in states:
        text = plain(label(locale, model.kind, "state", name))
        yield f'    state "{f"{text} ({notes[name]})" if name in notes else text}" as {name}'
    arrows: dict[tuple[str, str], list[str]] = {}
    for arc, count in sorted(shown(model), key=lambda item: _place(table, item[0])):
        text = f"{plain(label(locale, model.kind, 'move', arc.move))} {count}{marks.get(arc, '')}"
        arrows.setdefault((arc.source or "[*]", arc.dest), []).append(text)
    yield from (f"    {source} --> {dest}: {', '.join(texts)}" for (source, dest), texts in arrows.items())


def branches(model: DiscoveredModel) -> bool:
    """Return whether cases left some state in more than one way: else a picture is a straight line and says nothing."""
    left = Counter(arc.source for arc in model.arcs if arc.source)
    return any(count > 1 for count in left.values())


def section(models: tuple[DiscoveredModel, ...], locale: str) -> Iterator[str]:
    """Render the diagrams of a report, each under the name of its kind."""
    for model in models:
        opened = sum(count for arc, count in model.arcs.items() if not arc.source)
        kind = label(locale, "", "kind", model.kind)
        yield from (
            "",
            f"### {translate(locale, 'lived.kind', kind=kind, opened=opened, moves=model.arcs.total())}",
            "",
        )
        yield from ("```mermaid", mermaid(model, locale).rstrip(), "```")
        more, times = left_out(model)
        if more:
            yield from ("", translate(locale, "lived.more", ways=more, times=times))


def span(locale: str, micros: int) -> str:
    """Render a length of time in its two largest units."""
    if micros >= DAY:
        return translate(locale, "replay.span.days", days=micros // DAY, hours=micros % DAY // HOUR)
    if micros >= HOUR:
        return translate(locale, "replay.span.hours", hours=micros // HOUR, minutes=micros % HOUR // MINUTE)
    if micros >= MINUTE:
        return translate(locale, "replay.span.minutes", minutes=micros // MINUTE)
    return translate(locale, "replay.span.seconds", seconds=micros // SECOND)


def _place(table: Lifecycle, arc: Arc) -> tuple[int, int]:
    places = {state.name: place for place, state in enumerate(table.states)}
    return places.get(arc.source, -1), places.get(arc.dest, len(places))


def _reopens(table: Lifecycle, arc: Arc) -> bool:
    rows = table.rows.get(arc.move, ())
    return any(row.reopens and row.dest == arc.dest and arc.source in row.sources for row in rows)
