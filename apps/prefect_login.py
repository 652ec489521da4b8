"""Keeps the two credentials of the Prefect server that this system runs, in files that only their owner can read.

Note [Two credentials]: Prefect knows one shared credential, and whoever has it may make a deployment that runs any
command as the owner of the store. So there are two. People have the *login*: `apps/prefect_gate.py` lets it read and
do what the UI needs for our acts. Our own processes have the *process credential*, which may do everything and never
leaves this machine's home. A second address instead would separate nobody: every user of the machine reaches it.
"""

import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

LOGIN_VARIABLE, PROCESS_VARIABLE = "PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING"
"""What people type into the UI, and what our processes send. The second name is that of Prefect's own client."""
LOGIN_FILE, PROCESS_FILE = "prefect.auth", "prefect-api.auth"
SHORTEST = 12
"""The fewest characters of a password that was made here. A given login may have fewer."""


class BadCredential(ValueError):
    """A credential is not ``user:password``, is too short, or both are the same; the message names where it is from."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Both as ``user:password``; ``login_given`` tells that the login is from the environment, not from its file."""

    login: str = field(repr=False)
    process: str = field(repr=False)
    login_given: bool = False

    def check(self) -> "Credentials":
        """Return itself. Raises ``BadCredential``."""
        login, shortest = (LOGIN_VARIABLE, 1) if self.login_given else (LOGIN_FILE, SHORTEST)
        process = f"{PROCESS_FILE} ({PROCESS_VARIABLE})"
        for name, value, least in ((login, self.login, shortest), (process, self.process, SHORTEST)):
            user, _, password = value.partition(":")
            if not user or len(password) < least or not value.isascii() or not value.isprintable():
                raise BadCredential(f"{name} is not user:password with {least} characters or more")
        if self.login == self.process:
            raise BadCredential("the login of people is the credential of our own processes")
        return self


def ensure_credentials(home: Path) -> Credentials:
    """Return the credentials of this home, made where they are missing. The environment may give the login.

    Raises ``BadCredential``.
    """
    given = os.environ.get(LOGIN_VARIABLE)
    login = given or _ensure(home / LOGIN_FILE, "supervisor")
    return Credentials(login, _ensure(home / PROCESS_FILE, "closeloop"), login_given=bool(given)).check()


def process_credential(home: Path, api_url: str) -> str:
    """Return what our processes send to this server: that of the home for its own server, else the environment's."""
    with suppress(OSError, ValueError, KeyError):
        note = json.loads((home / "run" / "prefect-server.json").read_text("utf-8"))
        if note["api_url"] == api_url:
            return (home / PROCESS_FILE).read_text("ascii")
    return given_credential()


def given_credential() -> str:
    """Return the credential that the environment gives our processes, or an empty one for a server without a login."""
    return os.environ.get(PROCESS_VARIABLE) or os.environ.get(LOGIN_VARIABLE) or ""


def basic_auth(credential: str) -> tuple[str, str] | None:
    """Return the credential as HTTP clients take it. In an address, it would stand in their errors."""
    user, _, password = credential.partition(":")
    return (user, password) if user else None


def _ensure(file: Path, user: str) -> str:
    """Return the text of a file, written whole by the first process that needs it."""
    if not file.exists():
        unfinished = file.with_name(f".{file.name}.{os.getpid()}")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(f"{user}:{secrets.token_urlsafe(24)}")
            out.flush()
            os.fsync(out.fileno())
        with suppress(FileExistsError, FileNotFoundError):
            os.link(unfinished, file)  # unlike a rename, it leaves a file alone that is there by now
    for left in file.parent.glob(f".{file.name}.*"):  # also what a process left that was killed
        left.unlink(missing_ok=True)
    return file.read_text("utf-8").strip()
