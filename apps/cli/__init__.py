"""The command line: ``closeloop`` and all its commands."""

import sys
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from apps.cli.arguments import check_arguments
from apps.cli.context import FAULT, REFUSED, cli, close_context, open_context
from apps.cli.index import assembled
from statemachines.refused import Refused


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end with its exit code: 0 done, 2 refused or bad input, 1 a fault."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    first = next((word for word in given if not word.startswith("-")), "")
    open_context()
    cli.as_json = "--json" in given
    try:
        check_arguments(given)
        code = assembled(first.__eq__)(args=given, standalone_mode=False)
    except Refused as refused:
        return cli.refuse(refused)
    except TyperException as error:
        return _usage(error)
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


def _usage(error: TyperException) -> int:
    if cli.as_json:
        cli.give({"refused": {"code": "usage", "params": {}, "text": str(error)}})
    else:
        cli.err.print(f"{error} (closeloop --help)", markup=False, highlight=False)
    return REFUSED


def _fault(error: Exception) -> int:
    from engine.databases import Conflict

    return cli.refuse(Refused("contended", tries=1)) if isinstance(error, Conflict) else cli.fault(error)
