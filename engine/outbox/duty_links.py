"""Links by which whoever is alerted acknowledges from his mail, without a log-in (B11).

A link names one person and one alert, and is sealed with the store's secret. It acknowledges and opens nothing else; a
day after the alert it does nothing. To follow it changes nothing either: programs follow links in mails.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from engine.access.principal import Principal, PrincipalKind
from engine.actors import FIND, acting_of
from engine.ledger.chain import keyed
from engine.outbox.duty_alerts import acknowledge
from engine.store import Store
from engine.transaction import Tx
from models.columns import LARGEST, from_micros
from statemachines.refused import Refused

VIA: Final = "link"
VALID: Final = timedelta(days=1)
LINK = re.compile(r"([1-9]\d{0,17})\.([1-9]\d{0,8})\.(\d)\.([1-9]\d{0,17})\.([0-9a-f]{32})", re.ASCII)
ALERT = """
SELECT c.number, a.people, a.raised_at, p.handle FROM duty_alert a JOIN cases c ON c.id = a.case_id, actor p
 WHERE a.case_id = :case_id AND a.seq = :seq AND a.level = :level AND p.id = :actor_id
"""


@dataclass(frozen=True, slots=True)
class LinkedAlert:
    """Which case somebody is alerted for, and who he is."""

    number: str
    handle: str


def link_to_acknowledge(secret: bytes, case_id: int, seq: int, level: int, actor_id: int) -> str:
    """Return what the link in the mail to one person about one alert ends with."""
    return f"{case_id}.{seq}.{level}.{actor_id}.{_seal(secret, f'{case_id}.{seq}.{level}.{actor_id}')}"


def linked_alert(store: Store, link: str, at: datetime) -> LinkedAlert:
    """Return what a link is for. Raises ``Refused('alert_link_unknown')``."""
    found = LINK.fullmatch(link)
    if found is None or not hmac.compare_digest(_seal(store.secret, link.rpartition(".")[0]), found[5]):
        raise Refused("alert_link_unknown")
    names = ("case_id", "seq", "level", "actor_id")
    keys = {name: min(int(text), LARGEST) for name, text in zip(names, found.groups(), strict=False)}
    with store.looking() as tx:
        row: Any = tx.row(ALERT, **keys)
    if row is None or row.handle not in row.people.split() or from_micros(row.raised_at) + VALID < at:
        raise Refused("alert_link_unknown")
    return LinkedAlert(row.number, row.handle)


def acknowledge_by_link(store: Store, link: str, at: datetime) -> LinkedAlert:
    """Acknowledge as the person whom a link names. Raises as ``linked_alert`` and ``acknowledge``."""
    linked = linked_alert(store, link, at)
    with store.looking() as tx:
        principal = _principal(tx, linked.handle)
    acknowledge(store, principal, linked.number, at)
    return linked


def _principal(tx: Tx, handle: str) -> Principal:
    return Principal(acting_of(tx.row(FIND, handle=handle)), PrincipalKind.PERSON, VIA)


def _seal(secret: bytes, named: str) -> str:
    return keyed(secret, f"duty alert:{named}")[:32]
