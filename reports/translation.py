"""The words that people read: message catalogues in three languages."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from statemachines.refused import Refused

LOCALES = Path(__file__).resolve().parent.parent / "locales"
DEFAULT = "zh_CN"
ZONE = ZoneInfo("Asia/Shanghai")
"""Whose hours people read."""
LABELLED = {"state": "state", "clause": "clause", "guards": "guard", "wanted": "role", "moves": "move"}
"""Parameters of a refusal that have words of their own, and the sort of label each takes."""


def locales() -> list[str]:
    """The languages there are."""
    return sorted(path.name for path in LOCALES.iterdir() if path.is_dir())


@cache
def catalogue(locale: str) -> Mapping[str, str]:
    """Every message of a language by its key; an unknown language reads the default one."""
    folder = LOCALES / locale
    if not folder.is_dir() and locale != DEFAULT:
        return catalogue(DEFAULT)
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.toml")):
        found |= dict(_flat(tomllib.loads(path.read_text("utf-8"))))
    return found


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def translate(locale: str, key: str, /, **params: Any) -> str:
    """The message in that language; a key without a message stands for itself."""
    text = catalogue(locale).get(key)
    return key if text is None else text.format_map(_Params(params))


class _Params(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def label(locale: str, kind: str, sort: str, name: str) -> str:
    """A state's, move's or clause's name: ``complaint.state.received``, or the one all kinds share.

    A retired name is shown by its own label if the catalogue still has it, else by that of its successor.
    """
    words = catalogue(locale)
    own = words.get(f"{kind}.{sort}.{name}") or words.get(f"{sort}.{name}")
    if own or sort not in ("state", "move", "clause"):
        return own or name
    successor = _successor(kind, sort, name)
    return name if successor == name else label(locale, kind, sort, successor)


def _successor(kind: str, sort: str, name: str) -> str:
    from statemachines.kinds import lifecycles  # only where a label is missing: commands shall start at once

    if kind not in lifecycles():
        return name
    resolver = lifecycles()[kind].resolver
    return {"state": resolver.state, "move": resolver.move, "clause": resolver.clause_or_own}[sort](name)


def refusal(locale: str, refused: Refused) -> str:
    """Why something was refused, and what to do, in words a clerk can read."""
    kind = refused.params.get("kind", "")
    shown = {name: _shown(_worded(locale, kind, name, value)) for name, value in refused.params.items()}
    return translate(locale, f"refused.{refused.code}", **shown)


def _worded(locale: str, kind: str, name: str, value: Any) -> Any:
    if name not in LABELLED:
        return value
    if isinstance(value, list):
        return [label(locale, kind, LABELLED[name], str(item)) for item in cast(list[Any], value)]
    return label(locale, kind, LABELLED[name], str(value))


def when(at: datetime, form: str = "%Y-%m-%d %H:%M") -> str:
    """An instant as people here read it."""
    return at.astimezone(ZONE).strftime(form)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value) or "–"
    if isinstance(value, dict):
        return ": ".join(str(part) for name, part in value.items() if name in ("field", "text", "why") and part)
    return str(value)
