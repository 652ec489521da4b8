"""Lists the commands and the module of each; a module is imported only when one of its commands is called."""

import importlib
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import NamedTuple

import typer


class Room(NamedTuple):
    """A module and its commands; a group's module holds its Typer app. Its texts are in ``locales/*/help``."""

    module: str
    commands: tuple[str, ...]
    group: bool = False
    alone: bool = False
    """Whether the group does something without a command of its own."""


ROOMS = (
    Room("create", ("init", "status", "diagram")),
    Room("auditing", ("verify", "anchor", "proof", "backup", "restore", "refused", "readings")),
    Room("board", ("board",)),
    Room("intake", ("import", "import-bounces")),
    Room("mailboxes", ("mailbox",), group=True),
    Room("exporting", ("export",)),
    Room("replay", ("replay",)),
    Room("deadline", ("deadline",)),
    Room("processes", ("drive", "up", "demo", "deploy", "acts", "worker")),
    Room("serve", ("serve",)),
    Room("night", ("sweep", "report", "run-until")),
    Room("reports", ("analysis", "recoveries", "callbacks")),
    Room("evaluation", ("evaluation",)),
    Room("desk", ("track",)),
    Room("customers", ("customer",), group=True, alone=True),
    Room("cases", ("case",), group=True),
    Room("actors", ("actor",), group=True),
    Room("actors", ("department",), group=True),
    Room("codes", ("code",)),
    Room("users", ("user",), group=True),
    Room("tokens", ("token",), group=True),
    Room("policies", ("policy",), group=True),
    Room("calendars", ("calendar",), group=True),
    Room("surveys", ("survey",), group=True),
    Room("conduct", ("conduct",), group=True),
    Room("indicators", ("kpi",), group=True),
    Room("care", ("care",), group=True),
    Room("trainings", ("training",), group=True),
    Room("third_party", ("thirdparty",), group=True),
    Room("duty", ("duty",), group=True),
    Room("supervision", ("audit",), group=True),
    Room("regulator", ("regulator-pack",)),
    Room("whatif", ("whatif",)),
    Room("staffing", ("staffing",)),
    Room("mappings", ("mapping",), group=True),
    Room("classifier", ("classifier",), group=True),
    Room("forecast", ("forecast",), group=True),
    Room("lifecycles", ("lifecycle",), group=True),
    Room("dead_letters", ("dead",), group=True),
    Room("webhooks", ("webhook",), group=True),
)


SERVERS = frozenset({"drive", "up", "worker", "serve"})
"""The commands that run until they are stopped."""
GROUPS = frozenset(name for room in ROOMS if room.group and not room.alone for name in room.commands)


def asks_for_help(given: Sequence[str]) -> bool:
    """Return whether the arguments lead to a help text: ``--help``, no command, or a group without one."""
    return "--help" in given or not given or (len(given) == 1 and given[0] in GROUPS)


def assembled(wanted: Callable[[str], bool]) -> typer.Typer:
    """Return the command line with the wanted commands; the others appear by name only."""
    app = typer.Typer(
        name="closeloop",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    for room in ROOMS:
        if not any(map(wanted, room.commands)):
            for name in room.commands:
                app.command(name)(_placeholder)
        elif room.group:
            [name] = room.commands
            app.add_typer(getattr(_module(room), name), name=name)
        else:
            _module(room).join(app)
    return app


def _module(room: Room) -> ModuleType:
    return importlib.import_module(f"apps.cli.{room.module}")


def _placeholder() -> None:
    """Stand for a command that was not called."""
