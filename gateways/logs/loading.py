"""Reading a mapping file with every mistake in it told by its key and its line."""

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateways.mapping import BadMapping
from gateways.problems import Problem, excerpt
from models.contact import Channel

Model = TypeVar("Model", bound=BaseModel)

_OWN = frozenset({"one_of_both", "word_twice", "no_words", "wide_or_event", "bad_rule"})
"""Mistakes that only a log's mapping can make; each is a code of its own."""
_CODES = {
    "extra_forbidden": "bad_mapping.unknown_key",
    "missing": "bad_mapping.missing_key",
    "unknown_zone": "bad_mapping.unknown_zone",
    "unknown_encoding": "bad_mapping.unknown_encoding",
    "bad_format": "bad_mapping.bad_format",
    "enum": "bad_mapping.unknown_channel",
} | {code: f"bad_mapping.{code}" for code in _OWN}
_ONLY_PLACE = frozenset({"bad_mapping.unknown_key", "bad_mapping.missing_key"})
_HEAD = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?")
_KEY = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*=""")


def load(path: Path, model: type[Model]) -> Model:
    """The file at ``path`` (TOML, UTF-8) as a model. Raises ``BadMapping``."""
    text = _text(path)
    try:
        given = tomllib.loads(text)
    except ValueError as error:
        at = re.search(r"line (\d+)", str(error))
        line = int(at[1]) if at else None
        raise BadMapping(path, Problem(line, None, "bad_mapping.not_toml", {"file": excerpt(path.name)})) from error
    try:
        return model.model_validate(given)
    except ValidationError as error:
        lines = _lines(text)
        raise BadMapping(path, *(_problem(path, detail, lines) for detail in error.errors())) from error


def _text(path: Path) -> str:
    name = {"file": excerpt(path.name)}
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise BadMapping(path, Problem(None, None, "bad_mapping.missing_file", name)) from error
    except UnicodeError as error:
        raise BadMapping(path, Problem(None, None, "bad_mapping.not_toml", name)) from error
    except (OSError, ValueError) as error:
        raise BadMapping(path, Problem(None, None, "bad_mapping.unreadable", name)) from error


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """In which line a table or a key of it begins; a table that comes again (``[[...]]``) is known by its number."""
    found: dict[tuple[str, ...], int] = {}
    place: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if head := _HEAD.fullmatch(line):
            place = tuple(_bare(part) for part in head[1].split("."))
            if line.lstrip().startswith("[["):
                place = (*place, str(sum(known[:-1] == place and known[-1].isdigit() for known in found)))
            found.setdefault(place, number)
        elif key := _KEY.match(line):
            found.setdefault((*place, _bare(key[1])), number)
    return found


def _bare(key: str) -> str:
    return key.strip().strip("\"'")


def _problem(path: Path, detail: ErrorDetails, lines: dict[tuple[str, ...], int]) -> Problem:
    where = tuple(str(step) for step in detail["loc"])
    known = (lines[where[:end]] for end in range(len(where), 0, -1) if where[:end] in lines)
    code = _CODES.get(detail["type"], "bad_mapping.wrong_value")
    params: dict[str, str | int] = {"file": excerpt(path.name), "key": excerpt(".".join(where) or "*")}
    if code not in _ONLY_PLACE:
        params["value"] = excerpt(_shown(detail))
    if code == "bad_mapping.unknown_channel":
        params["channels"] = ", ".join(Channel)
    return Problem(next(known, None), ".".join(where) or None, code, params)


def _shown(detail: ErrorDetails) -> Any:
    """What is wrong: the word that the check names, else what was given."""
    return detail.get("ctx", {}).get("value", detail["input"])
