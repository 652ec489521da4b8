"""Reads the message catalogues, for the tests that compare the codes of the gateways with their messages."""

import string
import tomllib
from pathlib import Path

LOCALES = Path(__file__).parents[2] / "locales"


def catalogue(locale: str, name: str) -> dict[str, str]:
    """Return the messages of one catalogue by their codes."""
    return tomllib.loads((LOCALES / locale / f"{name}.toml").read_text("utf-8"))


def placeholders(text: str) -> set[str]:
    """Return the names of a message's parameters."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
