"""A clerk who types commands: ``closeloop case open`` and ``case do``, on a computer that never heard of any jump."""

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
from tests.chaos.clerk import Clerk, Step


class Faulty(Exception):
    """A command ended with a fault instead of an answer or a refusal."""


@dataclass
class Desk(Clerk):
    """The command line, once for each command. Its clock is the system's: behind everybody else's by every jump."""

    def ask(self, step: Step, number: str) -> tuple[str, int]:
        words = ["case", "open"] if step.move == "open" else ["case", "do", number, step.move]
        words += ["--as", AGENT if step.move == "open" else MANAGER, "--key", step.key, "--json"]
        for name, value in step.form.items():
            if value is not None:
                words += [f"--{name}", value] if step.move == "open" else ["--set", f"{name}={value}"]
        told = _typed(words)
        return told["case"], told["seq"]


def _typed(words: list[str]) -> dict[str, Any]:
    """The document that the command answers with. Raises ``Refused`` or ``Faulty``."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        run(words)
    told = json.loads(out.getvalue())
    if "refused" in told:
        raise Refused(told["refused"]["code"], **told["refused"]["params"])
    if "fault" in told:
        raise Faulty(f"{told['fault']['type']} {err.getvalue()}")
    return told


def seat(settings: Settings) -> None:
    """Let the commands of this process speak of that store."""
    os.environ["CLOSELOOP_HOME"] = str(settings.where)
    os.environ["CLOSELOOP_DATABASE_URL"] = settings.url
    os.environ["CLOSELOOP_SECRET"] = settings.secret or ""
