"""Contacts and replies read from a file: recorded first, processed when their instant has come."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from engine.actors import IMPORT, SYSTEM
from engine.commands.advance import advance_in
from engine.commands.command import Command
from engine.commands.follow_up import follow_up_in
from engine.commands.links import id_of
from engine.commands.open_case import OPEN, Opening, open_in
from engine.contention import in_transaction
from engine.ledger.chain import canonical, keyed
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from models.contact import Contact, Reply
from statemachines.complaint import CLASSIFIED, INVESTIGATED, RECEIVED
from statemachines.form_faults import form_faults
from statemachines.lifecycle import Refused

CONTACT, REPLY = "contact", "reply"
VIA = "import"

INSERT = """
INSERT INTO arrival (source, row_id, part, kind, pack, at, digest, payload)
VALUES (:source, :row_id, :part, :kind, :pack, :at, :digest, :payload) ON CONFLICT DO NOTHING
"""
DIGEST = "SELECT digest FROM arrival WHERE source = :source AND row_id = :row_id AND part = :part"
# A reply is processed with its contact or after it: between the two no timer may fire that the reply stops.
WAITING = """
SELECT source, row_id, part, kind, pack, at, payload FROM arrival
 WHERE processed_at IS NULL AND at <= :at
   AND (part = 'contact' OR NOT EXISTS (SELECT 1 FROM arrival c WHERE c.source = arrival.source
           AND c.row_id = arrival.row_id AND c.part = 'contact' AND c.processed_at IS NULL))
 ORDER BY at, part, source, row_id LIMIT :limit
"""
ITS_REPLY = """
SELECT source, row_id, part, kind, pack, at, payload FROM arrival
 WHERE source = :source AND row_id = :row_id AND part = 'reply' AND processed_at IS NULL AND at <= :at
"""
PROCESSED = """
UPDATE arrival SET processed_at = :at, case_id = :case_id, payload = :payload, refusal = :refusal
 WHERE source = :source AND row_id = :row_id AND part = :part AND processed_at IS NULL
"""
CASE_OF = """
SELECT c.number, c.state FROM arrival a JOIN cases c ON c.id = a.case_id
 WHERE a.source = :source AND a.row_id = :row_id AND a.part = 'contact'
"""


@dataclass(frozen=True, slots=True)
class Source:
    """Where arrivals come from, and of which kind and pack their cases are."""

    name: str
    kind: str
    pack: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many rows were new, recorded before, or recorded before with other content and left out."""

    new: int
    known: int
    conflicts: int


def record(store: Store, source: Source, contacts: Iterable[Contact], keep_good: bool = False) -> Recorded:
    """Write arrivals, all or none.

    Raises ``Refused('other_content')`` for a known id with other content, unless ``keep_good`` leaves that row out.
    """
    counts = Counter[str]()
    with store.writing() as tx:
        for contact in contacts:
            try:
                with tx.savepoint():
                    counts["new" if _record(tx, store.secret, source, contact) else "known"] += 1
            except Refused:
                if not keep_good:
                    raise
                counts["conflict"] += 1
    return Recorded(counts["new"], counts["known"], counts["conflict"])


def _record(tx: Tx, secret: bytes, source: Source, contact: Contact) -> bool:
    contents = contact.model_dump(mode="json", exclude={"reply"}, exclude_none=True)
    new = _write(tx, secret, source, contact, CONTACT, contact.at, contents)
    if contact.reply is not None:
        reply = contact.reply.model_dump(mode="json")
        new = _write(tx, secret, source, contact, REPLY, contact.reply.at, reply) or new
    return new


def _write(
    tx: Tx, secret: bytes, source: Source, contact: Contact, part: str, at: datetime, contents: dict[str, Any]
) -> bool:
    payload = canonical(contents)
    key = {"source": source.name, "row_id": contact.row_id, "part": part}
    digest = keyed(secret, payload)
    values = {"kind": source.kind, "pack": source.pack, "at": to_micros(at), "digest": digest, "payload": payload}
    if tx.run(INSERT, **key, **values) == 1:
        return True
    if tx.row(DIGEST, **key).digest != digest:
        raise Refused("other_content", **key)
    return False


def take_due(store: Store, at: datetime, limit: int = 200) -> list[str]:
    """Process the arrivals whose instant has come; return the numbers of the cases they touched."""
    return in_transaction(store, lambda tx: _take_due(tx, store.secret, at, limit))


def _take_due(tx: Tx, secret: bytes, at: datetime, limit: int) -> list[str]:
    touched: list[str] = []
    for row in tx.rows(f"{WAITING} {tx.skip_locked('arrival')}", at=to_micros(at), limit=limit):
        touched += _process(tx, secret, row, at)
        if row.part == CONTACT:
            for reply in tx.rows(ITS_REPLY, source=row.source, row_id=row.row_id, at=to_micros(at)):
                touched += _process(tx, secret, reply, at)
    return touched


def _process(tx: Tx, secret: bytes, row: Any, at: datetime) -> list[str]:
    """Process one arrival; a refused one keeps its content and the reason, so nothing is lost."""
    key = {"source": row.source, "row_id": row.row_id, "part": row.part}
    try:
        with tx.savepoint():
            number = _open(tx, secret, row, at) if row.part == CONTACT else _reply(tx, secret, row, at)
            tx.run(PROCESSED, at=to_micros(at), case_id=id_of(tx, number), payload=None, refusal=None, **key)
    except Refused as refused:
        tx.run(PROCESSED, at=to_micros(at), case_id=None, payload=row.payload, refusal=refused.code, **key)
        return []
    return [number]


def _open(tx: Tx, secret: bytes, row: Any, at: datetime) -> str:
    try:
        contact = Contact.model_validate_json(row.payload)
    except ValidationError as error:  # recorded by an earlier release, which took what this one refuses
        raise Refused("form", move=OPEN, fields=form_faults(error)) from None
    key = f"arrival:{keyed(secret, row.source, row.row_id)}"
    opening = Opening(contact, row.kind, row.pack, actor=IMPORT, via=VIA, key=key, source=row.source)
    if contact.case is not None:
        return follow_up_in(tx, secret, contact.case, opening, at, SYSTEM).number
    return open_in(tx, secret, opening, at).number


def _reply(tx: Tx, secret: bytes, row: Any, at: datetime) -> str:
    """Resolve the case with the file's reply, which told the customer; moves that came before it are inferred."""
    case = tx.row(CASE_OF, source=row.source, row_id=row.row_id)
    if case is None:
        raise Refused("reply_without_case", source=row.source)
    reply = Reply.model_validate_json(row.payload)
    step = Command(case.number, "", actor=IMPORT, via=VIA, occurred_at=from_micros(row.at))
    steps = {
        RECEIVED: replace(step, move="classify", form={"category": "unclassified"}, inferred=True),
        CLASSIFIED: replace(step, move="investigate", form={"findings": reply.text}),
        INVESTIGATED: replace(step, move="resolve", form={"result": reply.text, "message": reply.text}),
    }
    state = case.state
    while state in steps:
        state = advance_in(tx, secret, steps.pop(state), at).state
    if INVESTIGATED in steps:
        raise Refused("reply_too_late", state=state)
    return case.number
