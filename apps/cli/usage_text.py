"""Says in the reader's language what is wrong with the arguments of a command; Typer says it in English only."""

from enum import Enum
from typing import Any

from pydantic import ValidationError
from typer.exceptions import TyperException

from apps.cli.index import GROUPS
from locales.translation import fault_text, translate
from statemachines.form_faults import form_faults


def usage_text(locale: str, error: TyperException, given: list[str]) -> str:
    """Return what is wrong, and where the help stands; the words of Typer where they are all that is known."""
    said = str(getattr(error, "message", error))
    param: Any = getattr(error, "param", None)
    match type(error).__name__:
        case "MissingParameter":
            return _text(locale, "missing", name=_name(param))
        case "NoSuchOption":
            near = ", ".join(sorted(getattr(error, "possibilities", None) or ()))
            name = getattr(error, "option_name", "")
            return _text(locale, "no_such_option_near" if near else "no_such_option", name=name, near=near)
        case "BadParameter":
            return _text(locale, "bad_value", name=_name(param), why=_why(locale, error, param))
        case "BadOptionUsage" | "BadArgumentUsage":
            return _text(locale, "bad_use", name=getattr(error, "option_name", "") or said)
        case "UsageError" if said.startswith("No such command"):
            return _text(locale, "no_such_command", name=_last_word(given))
        case "UsageError" if said.startswith("Missing command"):
            return _text(locale, "missing_command")
        case "UsageError" if said.startswith("Got unexpected extra argument"):
            return _text(locale, "too_many", words=said.partition("(")[2].partition("(")[2].rstrip(")"))
        case _:
            return said


def _text(locale: str, key: str, **params: str) -> str:
    return translate(locale, f"cli.usage.{key}", **params)


def _name(param: Any) -> str:
    """Return a parameter as it is typed: an option with its dashes, an argument in capitals."""
    if param is None:
        return "?"
    return param.opts[0] if param.param_type_name == "option" else str(param.name).strip("_").upper()


def _why(locale: str, error: TyperException, param: Any) -> str:
    """Return why a value was refused: by pydantic's type of fault, or the values that are possible."""
    annotation = getattr(getattr(param, "type_descriptor", None), "annotation", None)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return translate(locale, "validation.enum", expected=", ".join(str(choice.value) for choice in annotation))
    if isinstance(error.__cause__, ValidationError):
        fault, *_ = form_faults(error.__cause__)
        return fault_text(locale, {**fault, "field": ""})
    return str(getattr(error, "message", error))


def _last_word(given: list[str]) -> str:
    """Return the word that was taken for a command: the second one where the first is a group."""
    words = [word for word in given if not word.startswith("-")]
    return next((word for n, word in enumerate(words) if not (n == 0 and word in GROUPS)), "")
