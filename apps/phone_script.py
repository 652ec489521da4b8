"""What an agent asks on the phone by the pack in force: the steps of the script, and what must be asked for (A1)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from engine.rules.in_force import rules_in, rules_of
from engine.rules.phone_calls import MATTER, WHO, PhoneCalls, ScriptStep
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from models.contact import Channel, Contact
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused

BY_PHONE: Final = frozenset({Channel.HOTLINE})


def phone_calls(store: Store, pack: str, at: datetime) -> PhoneCalls:
    """Return what a pack says of calls at an instant. Raises ``Refused('unknown_pack')``."""
    return rules_of(store).pack(pack, to_micros(at)).phone


def steps_for(calls: PhoneCalls, sort: str) -> list[ScriptStep]:
    """Return the steps of a call about a kind or a nature."""
    return calls.steps(sort, lifecycle_of(sort).kind)


def must_ask(calls: PhoneCalls, sort: str, *, named: bool = True) -> tuple[str, ...]:
    """Return the fields that must be filled in of a call about a kind or a nature; see ``PhoneCalls.must_ask``."""
    return calls.must_ask(sort, lifecycle_of(sort).kind, named=named)


def check_asked(calls: PhoneCalls, sort: str, given: Mapping[str, str], *, named: bool = True) -> None:
    """Raise ``Refused('form')`` where something that must be asked on the phone is missing."""
    missing = [name for name in must_ask(calls, sort, named=named) if not given.get(name, "").strip()]
    if missing:
        faults = [{"field": name, "why": "missing", "text": "missing", "limits": {}} for name in missing]
        raise Refused("form", move="open", fields=faults)


def check_call(tx: Tx, contact: Contact, sort: str, pack: str, at: datetime, *, named: bool = True) -> None:
    """Raise ``Refused('form')`` for a contact by phone that lacks what the pack in force asks for.

    Raises ``Refused('unknown_pack' | 'unknown_kind')``, too.
    """
    if contact.channel in BY_PHONE:
        values = {name: getattr(contact, name) for name in (*WHO, *MATTER)}
        given = {name: str(value) for name, value in values.items() if value is not None}
        check_asked(rules_in(tx).pack(pack, to_micros(at)).phone, sort, given, named=named)
