"""Shows the help of a command in the reader's language: what Typer knows of it, with texts of ``locales/*/help``."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any

from apps.cli.context import table
from locales.help_texts import HelpTexts, help_texts

PROGRAM = "closeloop"


def help_page(command: Any, given: Sequence[str], locale: str) -> list[Any] | None:
    """Return the parts of the help of the command that the arguments name; None where they name none.

    ``command`` is the assembled command line of Typer.
    """
    path: list[str] = []
    for word in given:
        commands = getattr(command, "commands", None)
        if word.startswith("-") or commands is None:
            continue
        if word not in commands:
            return None
        command, path = commands[word], [*path, word]
    return list(_parts(command, " ".join(path), help_texts(locale)))


def _parts(command: Any, path: str, texts: HelpTexts) -> Iterable[Any]:
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    options = [param for param in command.params if param.param_type_name == "option" and not param.hidden]
    inner = getattr(command, "commands", {})
    words = [
        PROGRAM,
        path,
        *(_placeholder(param) for param in arguments),
        *([texts.heading["command"]] if inner else ()),
    ]
    words.append(texts.heading["option"])
    yield f"{texts.heading['usage']} {' '.join(filter(None, words))}"
    yield ""
    yield texts.command.get(path or PROGRAM, "")
    if arguments:
        rows = [(_placeholder(param), _text(param, path, texts)) for param in arguments]
        yield table("", (texts.heading["arguments"], ""), rows)
    rows = [(", ".join((*param.opts, *param.secondary_opts)), _text(param, path, texts)) for param in options]
    yield table("", (texts.heading["options"], ""), [*rows, ("--help", texts.option["help"])])
    if inner:
        rows = [(name, texts.command.get(f"{path} {name}".strip(), "")) for name in inner]
        yield table("", (texts.heading["commands"], ""), rows)


def _placeholder(param: Any) -> str:
    """Return how the usage line writes an argument: in brackets where it may be left out."""
    name = str(param.metavar or param.name).strip("[]_").upper()
    return name if param.required else f"[{name}]"


def _text(param: Any, path: str, texts: HelpTexts) -> str:
    """Return what a parameter is, what it may hold, and what holds where it is not given."""
    text = texts.of_option(path, param.name)
    lines = [text.replace("{kinds}", _kinds_and_natures()) if "{kinds}" in text else text]
    annotation = param.type_descriptor.annotation
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        lines.append(" | ".join(str(choice.value) for choice in annotation))
    elif param.min is not None or param.max is not None:
        lines.append(f"{param.min} … {param.max}")
    stated = getattr(param, "show_default", None)  # what an option says of its default where that is empty
    default = stated if isinstance(stated, str) else param.default
    if param.required:
        lines.append(texts.heading["required"])
    elif default not in {None, False, ""} and not callable(default):
        shown = default.value if isinstance(default, Enum) else default
        lines.append(texts.heading["default"].format(shown))
    return "\n".join(filter(None, lines))


def _kinds_and_natures() -> str:
    """Return every kind and the natures of contact that open one, customers' work first."""
    from statemachines.kinds import lifecycles  # loads all tables, which no other help needs

    tables = sorted(lifecycles().values(), key=lambda table: table.internal)
    return "; ".join(f"{table.kind} ({', '.join(table.natures)})" if table.natures else table.kind for table in tables)
