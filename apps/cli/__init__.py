"""The command line: ``closeloop`` and all its commands."""

import sys
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from apps.cli import actors, cases, deads, intake, making, night, running
from apps.cli.door import FAULT, REFUSED, close_door, door, open_door
from engine.databases import Conflict
from statemachines.lifecycle import Refused

app = typer.Typer(
    name="closeloop",
    help="Closed-loop handling of complaints and service orders 客诉闭环.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for room in (making, cases, intake, running, night):
    room.join(app)
app.add_typer(cases.case, name="case")
app.add_typer(actors.actor, name="actor")
app.add_typer(deads.dead, name="dead")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end with its exit code: 0 done, 2 refused or bad input, 1 a fault."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    open_door()
    door.as_json = "--json" in (sys.argv[1:] if arguments is None else arguments)
    try:
        code = app(args=arguments, standalone_mode=False)
    except Refused as refused:
        return door.refuse(refused)
    except Conflict:
        return door.refuse(Refused("contended", tries=1))
    except TyperException as error:
        return _usage(error)
    except (typer.Abort, KeyboardInterrupt):
        return FAULT
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our words has gone
        return FAULT
    except Exception as error:  # noqa: BLE001 (a fault is told by its type, exit 1)
        return door.fault(error)
    finally:
        close_door()
    return code if isinstance(code, int) else 0


def _usage(error: TyperException) -> int:
    if door.as_json:
        door.give({"refused": {"code": "usage", "params": {}, "text": str(error)}})
    else:
        door.err.print(f"{error} (closeloop --help)", markup=False, highlight=False)
    return REFUSED
