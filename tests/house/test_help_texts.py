"""Each command and each option has its help in every language, and each fault that pydantic finds has its words."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from typer.main import get_command

from apps.cli.index import assembled
from locales.help_texts import help_texts
from locales.translation import catalogue, locales
from models.contact import Contact
from statemachines.form_faults import form_faults
from statemachines.kinds import lifecycles

PROGRAM: Any = get_command(assembled(lambda name: True))
ODD_VALUES: tuple[Any, ...] = (
    None, "", "x", "x" * 70_000, "12.5", -1, 10**9, 1.5, True, [], {}, "2026-13-01", "2026-03-01T08:00:00",
)  # fmt: skip
"""Values of which each field of a form refuses some."""


def commands(command: Any = PROGRAM, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command with its words; the program itself without any."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{path} {name}".strip())


@pytest.mark.parametrize("locale", locales())
def test_every_command_and_option_says_what_it_is(locale: str):
    texts = help_texts(locale)
    without = [path for path, _ in commands() if not texts.command.get(path or "closeloop")]
    without += [
        f"{path} {param.name}"
        for path, command in commands()
        for param in command.params
        if not texts.of_option(path, param.name)
    ]
    assert without == []


@pytest.mark.parametrize("locale", locales())
def test_no_text_is_left_of_a_command_that_is_gone(locale: str):
    texts = help_texts(locale)
    names = {path or "closeloop" for path, _ in commands()}
    options = {(path, param.name) for path, command in commands() for param in command.params}
    known = {f"{path} {name}" for path, name in options} | {name for _, name in options} | {"help"}
    assert (set(texts.command) - names, set(texts.option) - known) == (set(), set())


def test_the_languages_say_the_same_things():
    english, *others = (help_texts(locale) for locale in locales())
    for other in others:
        assert other.command.keys() == english.command.keys()
        assert other.option.keys() == english.option.keys()
        assert other.heading.keys() == english.heading.keys()


def test_chinese_help_is_chinese():
    for locale in ("zh_CN", "zh_TW"):
        latin = [name for name, text in help_texts(locale).command.items() if text.isascii()]
        assert latin == []
    simplified, traditional = (help_texts(locale).command for locale in ("zh_CN", "zh_TW"))
    assert sum(simplified[name] == traditional[name] for name in simplified) < len(simplified) / 10


def forms() -> set[type[BaseModel]]:
    """Return the forms of every move, and that of a contact."""
    return {Contact, *(row.form for table in lifecycles().values() for row in table.moves)}


def test_every_fault_of_a_form_has_its_words_in_every_language():
    kinds: set[str] = set()
    for form in forms():
        for field in (*form.model_fields, "no_such_field"):
            for value in ODD_VALUES:
                try:
                    form.model_validate({field: value})
                except ValidationError as error:
                    kinds |= {fault["why"] for fault in form_faults(error)}
    assert {"missing", "extra_forbidden", "string_too_long", "timezone_aware", "enum"} <= kinds
    for locale in locales():
        assert {kind for kind in kinds if f"validation.{kind}" not in catalogue(locale)} == set()
