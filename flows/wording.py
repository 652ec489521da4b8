"""The words that people read: message catalogues in three languages."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from statemachines.lifecycle import Refused

LOCALES = Path(__file__).resolve().parent.parent / "locales"
DEFAULT = "zh_CN"


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


def say(locale: str, key: str, /, **params: Any) -> str:
    """The message in that language; a key without a message stands for itself."""
    text = catalogue(locale).get(key)
    return key if text is None else text.format_map(_Params(params))


class _Params(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def label(locale: str, kind: str, sort: str, name: str) -> str:
    """A state's, move's or clause's name: ``complaint.state.received``, or the one all kinds share."""
    words = catalogue(locale)
    return words.get(f"{kind}.{sort}.{name}") or words.get(f"{sort}.{name}") or name


def refusal(locale: str, refused: Refused) -> str:
    """Why something was refused, and what to do, in words a clerk can read."""
    shown = {name: _shown(value) for name, value in refused.params.items()}
    return say(locale, f"refused.{refused.code}", **shown)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value) or "–"
    if isinstance(value, dict):
        return ": ".join(str(part) for name, part in value.items() if name in ("field", "text", "why") and part)
    return str(value)
