"""The process as a log lived it, on the lifecycle's diagram: how often each way was gone, and how long cases stood."""

from locales.translation import label, translate
from reports.conformance import Conformance
from reports.discovered_model import Way, shown
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle

SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000


def picture(told: Conformance, locale: str) -> str:
    """The diagram as Mermaid (``stateDiagram-v2``); states with their median time, the most travelled ways."""
    lived = told.lived
    table, ways = lifecycle_of(told.kind), shown(lived)
    named = {name for way, _ in ways for name in (way.source, way.dest) if name}
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{_state(told, name, locale)}" as {name}' for name in table.state if name in named]
    arrows: dict[tuple[str, str], list[str]] = {}
    for way, times in sorted(ways, key=lambda one: _place(table, one[0])):
        words = f"{_plain(label(locale, told.kind, 'move', way.move))} {times}"
        arrows.setdefault((way.source or "[*]", way.dest), []).append(words)
    lines += [f"    {source} --> {dest}: {', '.join(words)}" for (source, dest), words in arrows.items()]
    lines += [f"    {name} --> [*]" for name in table.state if name in named and table.state[name].final]
    return "\n".join(lines) + "\n"


def span(locale: str, micros: int) -> str:
    """A length of time in its two largest units."""
    if micros >= DAY:
        return translate(locale, "replay.span.days", days=micros // DAY, hours=micros % DAY // HOUR)
    if micros >= HOUR:
        return translate(locale, "replay.span.hours", hours=micros // HOUR, minutes=micros % HOUR // MINUTE)
    if micros >= MINUTE:
        return translate(locale, "replay.span.minutes", minutes=micros // MINUTE)
    return translate(locale, "replay.span.seconds", seconds=micros // SECOND)


def _state(told: Conformance, name: str, locale: str) -> str:
    words = _plain(label(locale, told.kind, "state", name))
    stay = told.stays.get(name)
    return words if stay is None else f"{words} ({_plain(span(locale, stay.median))})"


def _plain(words: str) -> str:
    """Words that Mermaid does not take for its own signs."""
    return words.replace('"', "'").replace(":", " ").replace(";", ",").replace("#", "")


def _place(table: Lifecycle, way: Way) -> tuple[int, int]:
    order = list(table.state)
    return (order.index(way.source) if way.source in order else -1), order.index(way.dest)
