"""A clerk who types ``closeloop case open`` and ``case do``, on a computer whose clock does not jump."""

import contextlib
import io
import json
import os
from dataclasses import dataclass
from typing import Any

from apps.cli import run
from engine.settings import Settings
from statemachines.lifecycle import Refused
from tests.case_actions import AGENT, MANAGER
from tests.chaos.clerk import Clerk, PlannedCommand


class CommandFailed(Exception):
    """A command ended with an error instead of an answer or a refusal."""


@dataclass
class CliClerk(Clerk):
    """Runs the command line for each command, in the system's time, which is behind everybody else's by the offset."""

    def send(self, command: PlannedCommand, number: str) -> tuple[str, int]:
        opens = command.move == "open"
        arguments = ["case", "open"] if opens else ["case", "do", number, command.move]
        arguments += ["--as", AGENT if opens else MANAGER, "--key", command.key, "--json"]
        for name, value in command.form.items():
            if value is not None:
                arguments += [f"--{name}", value] if opens else ["--set", f"{name}={value}"]
        document = _run_command(arguments)
        return document["case"], document["seq"]


def _run_command(arguments: list[str]) -> dict[str, Any]:
    """Run a command and return its JSON document. Raises ``Refused`` or ``CommandFailed``."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        run(arguments)
    document = json.loads(out.getvalue())
    if "refused" in document:
        raise Refused(document["refused"]["code"], **document["refused"]["params"])
    if "fault" in document:
        raise CommandFailed(f"{document['fault']['type']} {err.getvalue()}")
    return document


def use_store(settings: Settings) -> None:
    """Set the environment of this process so that its commands use the store."""
    os.environ["CLOSELOOP_HOME"] = str(settings.where)
    os.environ["CLOSELOOP_DATABASE_URL"] = settings.url
    os.environ["CLOSELOOP_SECRET"] = settings.secret or ""
