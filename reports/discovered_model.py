"""The lifecycle as lived: how often its ways were gone in a stretch of time, drawn as a Mermaid diagram."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from engine.commands.open_case import OPEN
from engine.transaction import Tx
from models.columns import to_micros
from reports.current_names import state_of
from reports.translation import label, translate
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle
from statemachines.retirement import CARRIED_OVER

WAYS = 14
"""So many ways a diagram shows, the most travelled; a picture of all of them tells nothing."""

MOVES = """
SELECT c.kind, t.move, t.source, t.dest, count(*) AS n FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE t.occurred_at > :since AND t.occurred_at <= :until AND (t.source <> t.dest OR t.move = :open)
   AND t.move <> :carried_over
 GROUP BY c.kind, t.move, t.source, t.dest
"""
STANDING = "SELECT kind, state AS name, count(*) AS n FROM cases WHERE NOT closed GROUP BY kind, state"


@dataclass(frozen=True, slots=True)
class Way:
    """A move from one state to another; the first one of a case comes from nowhere (``source`` is empty)."""

    source: str
    dest: str
    move: str


@dataclass(frozen=True, slots=True)
class DiscoveredModel:
    """What the cases of a kind did: how often each way was gone, and how many cases stand where now."""

    kind: str
    ways: Counter[Way]
    standing: Counter[str]


def lived(tx: Tx, since: datetime, until: datetime) -> tuple[DiscoveredModel, ...]:
    """The kinds with traffic in (since, until], the busiest first."""
    ways: dict[str, Counter[Way]] = {}
    span = {"since": to_micros(since), "until": to_micros(until)}
    for row in tx.rows(MOVES, **span, open=OPEN, carried_over=CARRIED_OVER):
        resolver = lifecycle_of(row.kind).resolver
        source = "" if row.move == OPEN else resolver.state(row.source)
        way = Way(source, resolver.state(row.dest), resolver.move(row.move))
        ways.setdefault(row.kind, Counter())[way] += row.n
    standing: dict[str, Counter[str]] = {}
    for row in tx.rows(STANDING):
        standing.setdefault(row.kind, Counter())[state_of(row.kind, row.name)] += row.n
    busiest = sorted(ways, key=lambda kind: (-ways[kind].total(), kind))
    return tuple(DiscoveredModel(kind, ways[kind], standing.get(kind, Counter())) for kind in busiest)


def shown(one: DiscoveredModel) -> list[tuple[Way, int]]:
    """The most travelled ways, with the table's order among equals."""
    order = _order(lifecycle_of(one.kind))
    ranked = sorted(one.ways.items(), key=lambda item: (-item[1], order.get(item[0].move, 0), item[0].source))
    return ranked[:WAYS]


def mermaid(one: DiscoveredModel, locale: str) -> str:
    """The diagram's text (``stateDiagram-v2``): states with who stands there now, ways with how often."""
    ways = shown(one)
    table = lifecycle_of(one.kind)
    named = {name for way, _ in ways for name in (way.source, way.dest) if name} | set(one.standing)
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{_state(one, name, locale)}" as {name}' for name in _in_order(table, named)]
    arrows: dict[tuple[str, str], list[str]] = {}
    for way, count in sorted(ways, key=lambda item: _place(table, item[0])):
        words = _plain(label(locale, one.kind, "move", way.move))
        turn = " ↻" if _reopens(table, way) else ""
        arrows.setdefault((way.source or "[*]", way.dest), []).append(f"{words} {count}{turn}")
    lines += [f"    {source} --> {dest}: {', '.join(words)}" for (source, dest), words in arrows.items()]
    return "\n".join(lines) + "\n"


def left_out(one: DiscoveredModel) -> tuple[int, int]:
    """How many ways the diagram leaves out, and how often they were gone."""
    more = len(one.ways) - len(shown(one))
    return more, one.ways.total() - sum(count for _, count in shown(one))


def section(told: tuple[DiscoveredModel, ...], locale: str) -> Iterator[str]:
    """The diagrams of a report, each under the name of its kind."""
    for one in told:
        opened = sum(count for way, count in one.ways.items() if not way.source)
        name = label(locale, "", "kind", one.kind)
        yield from ("", f"### {translate(locale, 'lived.kind', kind=name, opened=opened, moves=one.ways.total())}", "")
        yield from ("```mermaid", mermaid(one, locale).rstrip(), "```")
        more, times = left_out(one)
        if more:
            yield from ("", translate(locale, "lived.more", ways=more, times=times))


def _order(table: Lifecycle) -> dict[str, int]:
    return {name: place for place, name in enumerate(table.rows)}


def _in_order(table: Lifecycle, names: set[str]) -> list[str]:
    declared = [state.name for state in table.states if state.name in names]
    return [*declared, *sorted(names - set(declared))]


def _place(table: Lifecycle, way: Way) -> tuple[int, int]:
    places = {state.name: n for n, state in enumerate(table.states)}
    return places.get(way.source, -1), places.get(way.dest, len(places))


def _state(one: DiscoveredModel, name: str, locale: str) -> str:
    words = _plain(label(locale, one.kind, "state", name))
    return f"{words} ({one.standing[name]})" if one.standing[name] else words


def _plain(words: str) -> str:
    """Words that Mermaid does not take for its own signs."""
    return words.replace('"', "'").replace(":", " ").replace(";", ",").replace("#", "")


def _reopens(table: Lifecycle, way: Way) -> bool:
    return any(
        row.reopens and row.dest == way.dest and way.source in row.sources for row in table.rows.get(way.move, ())
    )
