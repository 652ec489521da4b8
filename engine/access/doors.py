"""How the record names the door by which somebody came, and the operating-system user at the command line."""

import os
from typing import Final

from engine.access.principal import Principal, PrincipalKind
from engine.caches import Acting
from statemachines.refused import Refused

CLI: Final = "cli"
ANYBODY, SELF = "any", "self"
"""What ``CLOSELOOP_CLI_ACTORS`` may say: as whom a user of the operating system acts at the command line."""


def system_user() -> str:
    """Return the operating-system user of this process: by its id, for an environment variable may name anybody."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return str(getattr(os, "getuid", lambda: "unknown")())


def command_line() -> str:
    """Return what the record says of a move at the command line: ``cli:`` and the operating-system user.

    It is part of the hashed record, so nobody can say afterwards that another user made the move.
    """
    return f"{CLI}:{system_user()}"


def door_of(via: str) -> str:
    """Return the door alone, as ``cli`` of ``cli:root``."""
    return via.partition(":")[0]


def user_of(via: str) -> str | None:
    """Return the operating-system user of a move at the command line; None of any other move."""
    return via.partition(":")[2] or None


def home_owner(actor: Acting) -> Principal:
    """Return the principal of the command line: whoever starts it can read and write the database file itself."""
    return Principal(actor, PrincipalKind.OWNER, command_line())


def refuse_other_actors(handle: str, rule: str) -> None:
    """Raise ``Refused('not_yourself')`` for a handle that is not the operating-system user's, where the rule says so.

    Raises ``Refused('bad_cli_actors')`` for a rule that is neither ``any`` nor ``self``.
    """
    if rule not in {ANYBODY, SELF}:
        raise Refused("bad_cli_actors", rule=rule[:40], rules=[ANYBODY, SELF])
    if rule == SELF and handle != (user := system_user()):
        raise Refused("not_yourself", handle=handle, user=user)
