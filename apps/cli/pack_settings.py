"""Shows what a policy pack says besides its limits and bounds: ladder, callbacks, alerts, rounds, indicators."""

from collections.abc import Iterator
from typing import Any

from engine.rules.policy import Pack

SHOWN_ELSEWHERE = frozenset({"name", "version", "document", "clauses", "unpromised", "bounds"})
"""What the table of limits and bounds shows."""


def settings_of(pack: Pack) -> list[tuple[str, str]]:
    """Return every other setting of the pack by its key in the file, with its value; one that is not set has a dash."""
    dumped = pack.model_dump(mode="json", exclude=set(SHOWN_ELSEWHERE))
    return [row for name, value in dumped.items() for row in _flat(name, value)]


def _flat(key: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, part in value.items():
            yield from _flat(f"{key}.{name}", part)
    elif isinstance(value, list) and any(isinstance(part, dict) for part in value):
        for number, part in enumerate(value, 1):
            yield from _flat(f"{key}[{number}]", part)
    elif isinstance(value, list):
        yield key, ", ".join(map(str, value)) or "–"
    else:
        yield key, "–" if value is None or value == {} else str(value)
