"""Reads what ``closeloop --help`` says: the texts of commands and options, in a folder of their own in each language.

They stand apart from the other messages because each command reads those, and only ``--help`` reads these.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from locales.translation import DEFAULT, LOCALES


@dataclass(frozen=True, slots=True)
class HelpTexts:
    """The texts of one language: of commands by their words, of options by their names, and the headings."""

    command: Mapping[str, str]
    option: Mapping[str, str]
    heading: Mapping[str, str]

    def of_option(self, command: str, name: str) -> str:
        """Return the text of a command's option: its own, else the one that all commands share; else nothing."""
        return self.option.get(f"{command} {name}") or self.option.get(name, "")


@cache
def help_texts(locale: str) -> HelpTexts:
    """Return the texts of a language; those of the default language if it is unknown."""
    file = LOCALES / locale / "help" / "commands.toml"
    if not file.is_file():
        file = LOCALES / DEFAULT / "help" / "commands.toml"
    return HelpTexts(**tomllib.loads(file.read_text("utf-8")))
