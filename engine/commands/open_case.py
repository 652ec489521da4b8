"""Opens a case for a contact: party, statement, case, first transition, timers and outbox event at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError

from engine.actors import Acting, acting
from engine.commands.case_context import CaseContext, Loaded, context_of
from engine.commands.command import Answer, answered_before
from engine.commands.customer_in_source import CustomerInSource, party_in_source
from engine.commands.customer_party import party_of, refuse_bad_address, wait_for_others
from engine.commands.links import link_in
from engine.commands.load import honoured_key, surroundings
from engine.commands.load_promises import load_inquiry
from engine.commands.plan import Plan, plan_move
from engine.commands.promise_effects import CONVERTED, settled_by_inquiry
from engine.commands.write import write
from engine.contention import in_transaction
from engine.duplicates.fingerprints import leave_fingerprint
from engine.duplicates.recognition import ContactKeys, contact_keys, shipment_fault, shipment_key
from engine.duplicates.similar import PARTY, SHIPMENT, similar
from engine.entry_checks import SHOWN, check_actor, check_case_number, check_key, form_refused, is_word
from engine.ledger.chain import GENESIS, canonical, keyed
from engine.ledger.record import CaseRow, TransitionDraft, columns_of
from engine.rules.in_force import rules_in
from engine.rules.policy import Pack
from engine.rules.unset_limits import awaited, unset_limits
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from models.contact import Channel, Contact, CustomerType
from models.instants import Instant
from statemachines.form_faults import form_faults
from statemachines.form_model import CODES, ON_CASE, VARIABLE, Code, Form, Number, Personal
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle, Refused
from statemachines.roles import Role

OPEN = "open"
"""The move of every case's first transition."""

Clauses = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_ ]*$")]
"""The names of clauses, separated by blanks."""

Faults = Annotated[str, Field(pattern=CODES)]
"""Codes of what could not be used, separated by blanks."""

INSERT = """
INSERT INTO cases (id, number, kind, pack, state, previous_state, closed, version, head, cycle, level, attempts,
                   channel, party_id, shipment, opened_at, changed_at)
VALUES (:id, :number, :kind, :pack, :state, :previous_state, :closed, :version, :head, :cycle, :level, :attempts,
        :channel, :party_id, :shipment, :opened_at, :changed_at)
"""


class Opened(Form):
    """What the first transition records of a contact (A1), and which case it came of.

    ``unset_limits`` names the awaited clauses whose limit the pack does not set, separated by blanks. ``unusable`` says
    which number or address could not be used and why, as "phone_masked email_several"; what stood there in place of a
    mail address is ``address_as_written``.
    """

    channel: Channel
    nature: Annotated[Code | None, VARIABLE] = None
    customer_type: Annotated[CustomerType | None, ON_CASE] = None
    parent: Annotated[Number | None, VARIABLE] = None
    relation: Code | None = None
    source: str | None = None
    row_id: str | None = None
    subject: Personal | None = None
    text: Personal
    demand: Personal | None = None
    shipment: Personal | None = None
    requested_at: Instant | None = None
    unset_limits: Clauses | None = None
    unusable: Faults | None = None
    address_as_written: Personal | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """A contact that is to become a case. ``source`` is the file it came from, if any.

    ``kind`` may also be a nature (consultation, report …), which decides the kind (A2). ``parent`` is the
    number of the case it comes of, as ``relation``. ``customer_id`` identifies the customer in the ``source``.
    """

    contact: Contact
    kind: str = "complaint"
    pack: str = "logistics"
    actor: str = "system"
    via: str = "cli"
    key: str | None = None
    source: str | None = None
    parent: str | None = None
    relation: str = "came_of"
    customer_id: str | None = None


def open_case(store: Store, opening: Opening, at: datetime) -> Answer:
    """Open a case. Raises ``Refused``; then nothing was written."""
    return in_transaction(store, lambda tx: open_in(tx, store.secret, opening, at))


def open_unless_known(store: Store, opening: Opening, at: datetime) -> Answer:
    """Open a case unless the customer or the shipment has a case of its kind that may be the same matter.

    Nearly the same words, or an office line, alone refuse nothing: two people may well have the same. Raises
    ``Refused('likely_duplicate')``; then nothing was written. Under an honoured key it returns the first answer.
    """
    return in_transaction(store, lambda tx: _open_unless_known(tx, store.secret, opening, at))


def _open_unless_known(tx: Tx, secret: bytes, opening: Opening, at: datetime) -> Answer:
    # Of two agents who enter the same customer at once, the later one waits and then sees the other's case.
    region = rules_in(tx).pack(opening.pack, to_micros(at)).region
    wait_for_others(tx, contact_keys(secret, opening.contact, region))
    answer = open_in(tx, secret, opening, at)
    if not answer.again:
        _refuse_duplicate(tx, secret, opening, answer.number, region)
    return answer


def _refuse_duplicate(tx: Tx, secret: bytes, opening: Opening, own: str, region: str) -> None:
    candidates = similar(tx, secret, opening.contact, {lifecycle_of(opening.kind).kind}, region)
    same = {PARTY, SHIPMENT}
    numbers = [other.number for other in candidates if other.number != own and not same.isdisjoint(other.why)]
    if numbers:
        raise Refused("likely_duplicate", numbers=numbers)


def open_in(tx: Tx, secret: bytes, opening: Opening, at: datetime) -> Answer:
    """Open a case within a transaction of the caller's. Raises ``Refused`` or ``Conflict``."""
    check_opening(opening)
    # Sent again under its key a contact is the same one, although the door dates it anew.
    contact = opening.contact.model_dump(mode="json", exclude={"at", "case"}) if opening.key else {}
    if contact.get("language") is None:  # a release before there were languages made the same key without it
        contact.pop("language", None)
    request_hash = keyed(secret, canonical(contact)) if opening.key else ""
    if opening.key and (honoured := honoured_key(tx, opening.key)) is not None:
        return answered_before(honoured, opening.key, request_hash)
    context, plan = plan_opening(tx, secret, opening, at)
    case = context.case
    if opening.key:
        plan.key = {"key": opening.key, "request_hash": request_hash, "case_id": case.id, "seq": case.version}
    write(tx, [plan])
    return Answer(case.number, case.version, case.state, case.level)


def check_opening(opening: Opening) -> None:
    """Raise ``Refused`` for an opening of which a part cannot be looked up or kept."""
    check_key(opening.key)
    check_actor(opening.actor)
    if not is_word(opening.pack):
        raise Refused("unknown_pack", pack=opening.pack[:SHOWN], known=[])
    if opening.parent is not None:
        check_case_number(opening.parent)
    if opening.source is not None and not is_word(opening.source):
        raise form_refused(OPEN, "source", "control_character", "the source is no printable line")


def plan_opening(tx: Tx, secret: bytes, opening: Opening, at: datetime) -> tuple[CaseContext, Plan]:
    """Insert the case and its party and plan its first transition, which is not written yet. Raises ``Refused``."""
    actor = acting(tx, opening.actor, to_micros(at))
    _check_time(opening.contact.at, at, actor)
    table, around = lifecycle_of(opening.kind), surroundings(tx, to_micros(at))
    pack = around.rules.pack(opening.pack, around.now)
    given = contact_keys(secret, opening.contact, pack.region)
    if Role.IMPORT not in actor.roles:
        refuse_bad_address(given)
    case = _insert(tx, secret, opening, table, pack, given, around.recorded_at)
    if opening.parent is not None:
        link_in(tx, opening.parent, case.id, opening.relation, around.now, actor.handle)
    leave_fingerprint(tx, secret, case.id, opening.contact.text)
    context = context_of(Loaded(around, case, history=[], occurrences={}, spent_parts={}))
    plan = Plan(case, context.timers, case.version)
    unset = unset_limits(pack, table, {**case.traits, "customer_type": opening.contact.customer_type})
    form = _form(opening, given, awaited(table, unset))
    draft = TransitionDraft(OPEN, table.initial, form, actor.id, opening.via, case.opened_at, around.recorded_at)
    converted = opening.parent if opening.relation == CONVERTED else None
    handed_on, met = ((), ()) if converted is None else load_inquiry(tx, converted)
    plan_move(context, plan, draft, handed_on, settled=settled_by_inquiry(table, handed_on, met))
    return context, plan


def _check_time(at: datetime, now: datetime, actor: Acting) -> None:
    if at > now:
        raise Refused("in_the_future", move=OPEN)
    if at < now and Role.IMPORT not in actor.roles:
        raise Refused("no_backdating", actor=actor.handle)


def _insert(
    tx: Tx, secret: bytes, opening: Opening, table: Lifecycle, pack: Pack, given: ContactKeys, recorded_at: int
) -> CaseRow:
    contact, case_id, at = opening.contact, _next_id(tx), to_micros(opening.contact.at)
    year = contact.at.astimezone(ZoneInfo(pack.zone)).year % 100
    case = CaseRow(
        id=case_id,
        number=f"{table.prefix}-{year:02d}-{case_id:06d}",
        kind=table.kind,
        pack=opening.pack,
        state="",
        previous_state="",
        closed=False,
        version=0,
        head=GENESIS,
        cycle=1,
        level=0,
        attempts=0,
        category=None,
        severity=None,
        department=None,
        owner=None,
        variables="{}",
        channel=contact.channel.value,
        customer_type=None,
        shipment=shipment_key(secret, contact.shipment),
        opened_at=at,
        changed_at=recorded_at,
    )
    tx.run(INSERT, **columns_of(case), party_id=_party(tx, secret, opening, given, doubts=not table.internal))
    return case


def _party(tx: Tx, secret: bytes, opening: Opening, given: ContactKeys, *, doubts: bool) -> int | None:
    """Return the party of the contact; a source that identifies its customers says whose party it is."""
    contact, at = opening.contact, to_micros(opening.contact.at)
    if opening.customer_id is None or opening.source is None:
        return party_of(tx, given, contact, at, doubts=doubts)
    customer = CustomerInSource.of(secret, opening.source, opening.customer_id, given)
    return party_in_source(tx, given, contact, at, customer, doubts=doubts)


def _next_id(tx: Tx) -> int:
    """Return the next case's key; on SQLite this transaction is the only writer."""
    if tx.postgres:
        return tx.row("SELECT nextval(pg_get_serial_sequence('cases', 'id')) AS id").id
    return tx.row("SELECT coalesce(max(id), 0) + 1 AS id FROM cases").id


def _form(opening: Opening, given: ContactKeys, unset: Sequence[str]) -> Opened:
    try:
        return _opened(opening, given, unset)
    except ValidationError as error:
        raise Refused("form", move=OPEN, fields=form_faults(error)) from None


def _opened(opening: Opening, given: ContactKeys, unset: Sequence[str]) -> Opened:
    contact = opening.contact
    return Opened(
        channel=contact.channel,
        nature=opening.kind if opening.kind in lifecycle_of(opening.kind).natures else None,
        customer_type=contact.customer_type,
        parent=opening.parent,
        relation=opening.relation if opening.parent else None,
        source=opening.source,
        row_id=contact.row_id if opening.source else None,
        subject=contact.subject,
        text=contact.text,
        demand=contact.demand,
        shipment=contact.shipment,
        requested_at=contact.requested_at,
        unset_limits=" ".join(unset) or None,
        unusable=" ".join([*given.unusable, *shipment_fault(contact.shipment)]) or None,
        address_as_written=None if given.email is None or given.email.valid else given.email.written,
    )
