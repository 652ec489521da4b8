"""Open and move cases for a principal whom a door has authenticated; any door that serves principals calls these.

The rules of access come first, by ``engine.access``; a case that he may not know of is refused like one that does not
exist, and leaves no trace of the attempt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.phone_script import check_call
from engine.access.moves import check_move, refuse_without
from engine.access.principal import Principal, Scope
from engine.access.scope import find_case, known_cases
from engine.commands.advance import advance
from engine.commands.advance_many import advance_many
from engine.commands.command import Answer, Command
from engine.commands.follow_up import follow_up
from engine.commands.open_case import Opening, open_case, open_unless_known
from engine.ledger.chain import keyed
from engine.store import Store
from models.contact import Contact
from statemachines.refused import Refused


@dataclass(frozen=True, slots=True)
class WantedMove:
    """A move that a principal wants of a case, and the step of the case that he relied on."""

    number: str
    move: str
    form: Mapping[str, Any]
    if_seq: int | None = None


def open_for(
    store: Store, principal: Principal, opening: Opening, at: datetime, *, unless_known: bool, named: bool = True
) -> Answer:
    """Open a case for a contact. ``opening`` bears neither the actor nor the door; both come from the principal.

    A contact by phone needs what its pack asks for, of the caller himself only where he is ``named``; not a case that
    comes of another one, which holds what was asked. Raises ``Refused``; then nothing was written.
    """
    refuse_without(principal, Scope.WRITE_CASES)
    if opening.parent is not None:
        _check_known(store, principal, opening.parent, at)
    else:
        store.ask(lambda tx: check_call(tx, opening.contact, opening.kind, opening.pack, at, named=named))
    acting = Opening(
        opening.contact, opening.kind, opening.pack, principal.actor.handle, principal.via,
        key_of(store, principal, opening.key), parent=opening.parent,
        relation=opening.relation,
    )  # fmt: skip
    return (open_unless_known if unless_known else open_case)(store, acting, at)


def move_for(store: Store, principal: Principal, wanted: WantedMove, key: str | None, at: datetime) -> Answer:
    """Move one case. Raises ``Refused``; then nothing was written."""
    _check(store, principal, wanted, at)
    return advance(store, _command(store, principal, wanted, key), at)


def move_many_for(
    store: Store, principal: Principal, wanted: Sequence[WantedMove], key: str | None, at: datetime
) -> list[Answer | Refused]:
    """Move many cases in one transaction; a refused one is refused alone."""
    results = dict[int, Answer | Refused]()
    commands = dict[int, Command]()
    for place, each in enumerate(wanted):
        try:
            _check(store, principal, each, at)
            commands[place] = _command(store, principal, each, None if key is None else f"{key}:{place}")
        except Refused as refused:
            results[place] = refused
    answers = advance_many(store, list(commands.values()), at) if commands else []
    results |= dict(zip(commands, answers, strict=True))
    return [results[place] for place in range(len(wanted))]


def follow_up_for(
    store: Store, principal: Principal, number: str, contact: Contact, key: str | None, at: datetime
) -> Answer:
    """Record that a customer contacts us again about his case. Raises ``Refused``; then nothing was written."""
    refuse_without(principal, Scope.WRITE_CASES)
    _check_known(store, principal, number, at)
    return follow_up(store, number, contact, at, principal.actor.handle, principal.via, key_of(store, principal, key))


def key_of(store: Store, principal: Principal, key: str | None) -> str | None:
    """Return the idempotency key under which the engine keeps that of a principal: nobody meets another's keys."""
    return None if key is None else f"{principal.via}:{keyed(store.secret, str(principal.actor.id), key)}"


def _command(store: Store, principal: Principal, wanted: WantedMove, key: str | None) -> Command:
    own = key_of(store, principal, key)
    return Command(wanted.number, wanted.move, wanted.form, principal.actor.handle, principal.via, own, wanted.if_seq)


def _check(store: Store, principal: Principal, wanted: WantedMove, at: datetime) -> None:
    store.ask(lambda tx: check_move(tx, principal, wanted.number, wanted.move, wanted.form, at))


def _check_known(store: Store, principal: Principal, number: str, at: datetime) -> None:
    """Raise ``Refused('unknown_case')`` for a case of which the principal may not know."""
    store.ask(lambda tx: find_case(tx, number, known_cases(principal, at)))
