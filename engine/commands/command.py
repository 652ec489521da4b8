"""A command, what became of it, and the checks of a command that need no case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from engine.commands.case_context import Honoured, Wanted
from engine.entry_checks import (
    SHOWN,
    check_actor,
    check_case_number,
    check_form,
    check_instant,
    check_key,
    is_word,
)
from engine.ledger.chain import keyed
from models.columns import LARGEST
from statemachines.refused import Refused


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody wants a case to do.

    ``key`` makes it idempotent; ``if_seq`` refuses it if the case has moved since; ``occurred_at``
    may be given by an import alone (law 4). ``since`` is the ``seq`` of the transition that an automatic step
    answers: it is refused if a person has decided since then what its form would put on the case.
    """

    number: str
    move: str
    form: Mapping[str, Any] = field(default_factory=dict[str, Any])
    actor: str = "system"
    via: str = "cli"
    key: str | None = None
    if_seq: int | None = None
    occurred_at: datetime | None = None
    inferred: bool = False
    since: int | None = None

    @property
    def wanted(self) -> Wanted:
        """Return what is to be loaded for it."""
        return Wanted(self.number, self.move, self.actor, self.key, self.since)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a command. ``again`` says that its key had been honoured before."""

    number: str
    seq: int
    state: str
    level: int
    again: bool = False


def check_command(command: Command) -> None:
    """Raise ``Refused`` for a command of which a part cannot be looked up or kept, whatever the case."""
    check_case_number(command.number)
    check_actor(command.actor)
    check_key(command.key)
    check_instant(command.occurred_at)
    if not is_word(command.move):
        raise Refused("unknown_move", move=command.move[:SHOWN], known=[])
    check_form(command.move, command.form)
    for seq in (command.if_seq, command.since):
        if seq is not None and not 0 <= seq <= LARGEST:
            raise Refused("stale", number=command.number, expected=str(seq)[:SHOWN], seq="–")


def request_hash(secret: bytes, command: Command) -> str:
    """Return the keyed hash by which a command that is sent again under its key is known."""
    form = ", ".join(f"{quoted(name)}: {quoted(str(value))}" for name, value in sorted(command.form.items()))
    return keyed(secret, command.number, command.move, command.actor, f"{{{form}}}")  # as json.dumps spells it


def answered_before(honoured: Honoured, key: str | None, request: str) -> Answer:
    """Return the first answer that a key was given; ``request`` is the hash of the request that bears it now.

    Raises ``Refused('key_reused')`` for another request.
    """
    if honoured.request_hash != request:
        raise Refused("key_reused", key=key)
    return Answer(honoured.number, honoured.seq, honoured.state, honoured.level, again=True)
