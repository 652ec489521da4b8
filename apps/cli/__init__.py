"""The command line: ``closeloop`` and all its commands."""

import gc
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from apps.cli.arguments import check_arguments
from apps.cli.context import FAULT, REFUSED, cli, close_context, open_context
from apps.cli.index import SERVERS, asks_for_help, assembled
from statemachines.refused import Refused

OBJECTS, OBJECTS_OF_SERVER = 150_000, 50_000
"""After how many new objects the garbage collector runs, in a command and in a process that keeps running.

A command makes 50,000 to 120,000 objects, almost all by its imports. They stay, so a walk through them finds nothing
and takes a tenth of the time. A server makes shorter walks, so that nobody waits long for one."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end with its exit code: 0 done, 2 refused or bad input, 1 a fault.

    What it writes, its children too, is for its owner alone.
    """
    os.umask(0o077)
    given = list(sys.argv[1:] if arguments is None else arguments)
    gc.set_threshold(OBJECTS_OF_SERVER if SERVERS.intersection(given) else OBJECTS)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # to look for one, it reads every installed package
    code = run(given)
    gc.freeze()  # as the interpreter ends, it walks through every object; that took a seventh of a command's time
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    first = next((word for word in given if not word.startswith("-")), "")
    open_context()
    cli.as_json = "--json" in given
    try:
        check_arguments(given)
        command = _program(first)
        if asks_for_help(given) and (page := _help_page(command, given)) is not None:
            return cli.show(page)
        code = command(args=given, standalone_mode=False)
    except Refused as refused:
        return cli.refuse(refused)
    except TyperException as error:
        return _usage(error, given)
    except (typer.Abort, KeyboardInterrupt):
        return FAULT
    except BrokenPipeError:
        sys.stderr.close()  # the reader of the pipe has gone
        return FAULT
    except Exception as error:  # noqa: BLE001 (a fault is shown by its type, exit 1)
        return _fault(error)
    finally:
        close_context()
    return code if isinstance(code, int) else 0


@cache
def _program(first: str) -> Callable[..., object]:
    """Return the command line for arguments that begin with this word; a process that runs many builds each once."""
    return get_command(assembled(first.__eq__))


def _help_page(command: object, given: Sequence[str]) -> list[object] | None:
    from apps.cli.help_page import help_page

    return help_page(command, given, cli.locale)


def _usage(error: TyperException, given: list[str]) -> int:
    from apps.cli.usage_text import usage_text

    text = usage_text(cli.locale, error, given)
    if cli.as_json:
        cli.give({"refused": {"code": "usage", "params": {}, "text": text}})
    else:
        cli.err.print(f"{text} (closeloop --help)", markup=False, highlight=False)
    return REFUSED


def _fault(error: Exception) -> int:
    from engine.databases import Conflict, translated

    ours = translated(error)
    if isinstance(ours, Conflict):
        return cli.refuse(Refused("contended", tries=1))
    if isinstance(ours, Refused):
        return cli.refuse(ours)
    if isinstance(error, OSError) and error.filename is not None:  # a name that is too long, a folder that is closed
        return cli.refuse(Refused("unusable_path", file=str(error.filename)[:200], why=error.strerror or ""))
    return cli.fault(error)
