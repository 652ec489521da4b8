"""Reads the message catalogues beside this file, and translates messages, labels and refusals."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

from locales.messages import Messages
from locales.zone import offset, reader, reader_zone
from models.printable_text import printable
from statemachines.refused import Refused

LOCALES = Path(__file__).resolve().parent
DEFAULT = "zh_CN"
MINUTE = "%Y-%m-%d %H:%M"
"""How an instant is written where nothing shorter is asked for."""
LABELLED = {
    "state": "state",
    "clause": "clause",
    "running": "clause",
    "guards": "guard",
    "wanted": "role",
    "moves": "move",
    "identifier": "identifier",
}
NAMED = ("move", "allowed")
"""The parameters of a refusal that are moves to be typed: shown by label and name."""
"""The parameters of a refusal that are shown as labels, with the sort of label."""


@cache
def locales() -> tuple[str, ...]:
    """Return the languages that have a catalogue, in the order of their names."""
    return tuple(sorted({path.parent.name for path in LOCALES.glob("*/*.toml")}))


@cache
def catalogue(locale: str) -> Mapping[str, str]:
    """Return every message of a language by its key; those of the default language if it is unknown."""
    folder = LOCALES / locale
    if not folder.is_dir() and locale != DEFAULT:
        return catalogue(DEFAULT)
    return Messages(folder)


def translate(locale: str, key: str, /, **params: Any) -> str:
    """Return the message with its parameters filled in, or the key if it has no message.

    Every message to people is made here, also those of letters, logs and pages: parameters are made printable.
    """
    text = catalogue(locale).get(key)
    return printable(key) if text is None else text.format_map(_params(params))


def page_key(locale: str, key: str) -> str:
    """Return the key of what a message says on a page, if its own text names a command for what another page does."""
    own = f"{key}_on_page"
    return own if own in catalogue(locale) else key


def _params(values: Mapping[str, Any]) -> "_Params":
    return _Params({name: printable(value) if isinstance(value, str) else value for name, value in values.items()})


class _Params(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def label(locale: str, kind: str, sort: str, name: str) -> str:
    """Return the label of a state, move, clause or code: ``complaint.state.received``, else the one all kinds share.

    A retired name is shown by its own label if the catalogue still has it, else by that of its successor.
    """
    messages = catalogue(locale)
    own = messages.get(f"{kind}.{sort}.{name}") or messages.get(f"{sort}.{name}")
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


def refusal(locale: str, refused: Refused, *, on_web: bool = False) -> str:
    """Return why something was refused and what to do, for a clerk.

    ``on_web`` is for callers of the API and readers of pages: the text names no command, option or setting.
    """
    kind = refused.params.get("kind", "")
    shown = {name: _shown(_labelled(locale, kind, name, value, on_web)) for name, value in refused.params.items()}
    shown["remedies"] = _remedies(locale, kind, refused.params.get("guards", ()))
    own = f"web_refusal.{refused.code}"
    key = own if on_web and own in catalogue(locale) else f"refused.{refused.code}"
    return translate(locale, key, **shown)


def named_move(locale: str, kind: str, move: str) -> str:
    """Return the label of a move and the name by which it is made."""
    shown = label(locale, kind, "move", move)
    return move if shown == move else translate(locale, "cli.reading.named_move", label=shown, move=move)


def _remedies(locale: str, kind: str, guards: Sequence[str]) -> str:
    """Return what to do about the guards that do not hold; the same for all of them if no guard says its own."""
    messages = catalogue(locale)
    own = (messages.get(f"{kind}.remedy.{name}") or messages.get(f"remedy.{name}") for name in guards)
    return " ".join(dict.fromkeys(text for text in own if text)) or messages["remedy.other"]


def fault_text(locale: str, fault: Mapping[str, Any], *, on_web: bool = False) -> str:
    """Return the field and the reason of a faulty entry; the validator's own words where there is no message."""
    field, why = str(fault.get("field", "")), str(fault.get("why", ""))
    code = str(fault.get("type", why))
    limits: Mapping[str, Any] = fault.get("limits", {})
    text = catalogue(locale).get(f"validation.{code}")
    if code.startswith("refused."):
        reason = refusal(locale, Refused(code.removeprefix("refused."), **limits), on_web=on_web).rstrip(".。")
    else:
        reason = text.format_map(_params(limits)) if text is not None else str(fault.get("text") or why)
    return ": ".join(part for part in (field, reason) if part)


def _labelled(locale: str, kind: str, name: str, value: Any, on_web: bool) -> Any:
    if name in NAMED and kind:
        moves = cast(list[Any], value) if isinstance(value, list) else [value]
        return [named_move(locale, kind, str(move)) for move in moves]
    if name in {"fields", "faults"} and isinstance(value, list):
        return [fault_text(locale, fault, on_web=on_web) for fault in cast(list[Any], value)]
    if name not in LABELLED:
        return value
    if isinstance(value, list):
        return [label(locale, kind, LABELLED[name], str(item)) for item in cast(list[Any], value)]
    return label(locale, kind, LABELLED[name], str(value))


def when(at: datetime, form: str = MINUTE) -> str:
    """Return an instant in the reader's zone; a time of day shows its offset where it could be mistaken."""
    local = at.astimezone(reader_zone())
    return f"{local.strftime(form)} {offset(local)}" if reader().named and "%H" in form else local.strftime(form)


def when_in_zone(at: datetime, form: str = MINUTE) -> str:
    """Return an instant in the reader's zone, with the zone's name."""
    zone = reader_zone()
    return f"{at.astimezone(zone).strftime(form)} {zone.key}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value) or "–"
    if isinstance(value, dict):
        return ": ".join(str(part) for name, part in value.items() if name in ("field", "text", "why") and part)
    return str(value)
