"""Commands with which a case begins: case open, case similar."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from apps.cli.context import As, Json, cli, instant, local, table
from apps.cli.move_forms import contact_of, document_of, text_of, words_of
from engine.commands.open_case import Opening, open_case, open_unless_known
from engine.duplicates.similar import Candidate, similar
from models.contact import Channel, Contact, CustomerType
from reports.lookups import Customer, Matter, customer_kinds, recognised
from reports.translation import label
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.refused import Refused


def _named() -> str:
    """Every kind and the natures that begin one, customers' work first."""
    tables = sorted(lifecycles().values(), key=lambda one: one.internal)
    return ", ".join(f"{one.kind} ({', '.join(one.natures)})" if one.natures else one.kind for one in tables)


Body = Annotated[str | None, typer.Option(help="A file with the text, or - for standard input.")]
Key = Annotated[str | None, typer.Option(help="An idempotency key: the same key and body does nothing twice.")]
Kind = Annotated[str, typer.Option(help=f"What sort of contact it is: a kind, or a nature of one: {_named()}.")]
Whose = Annotated[CustomerType | None, typer.Option(help="Whom we deal with, where a promise depends on it.")]
UnlessKnown = Annotated[
    bool, typer.Option("--unless-known", help="Open nothing if the customer or the shipment has such a case already.")
]


def open_(
    text: str | None = None,
    body: Body = None,
    subject: str | None = None,
    demand: str | None = None,
    customer: str | None = None,
    phone: str | None = None,
    email: str | None = None,
    customer_type: Whose = None,
    shipment: str | None = None,
    requested_at: str | None = None,
    channel: Channel = Channel.HOTLINE,
    kind: Kind = "complaint",
    pack: str = "logistics",
    unless_known: UnlessKnown = False,
    as_: As = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Open a case for a contact; cases that may be the same matter are named."""
    now = cli.store.now()
    contact = contact_of(
        "open",
        at=now,
        text=text if text is not None else text_of(body),
        subject=subject,
        demand=demand,
        customer=customer,
        phone=phone,
        email=email,
        customer_type=customer_type,
        shipment=shipment,
        requested_at=instant(requested_at) if requested_at else None,
        channel=channel,
    )
    opening = Opening(contact, kind, pack, cli.actor(as_), key=key)
    sort = lifecycle_of(kind).kind
    known, found = _before(contact, sort)
    answer = (open_unless_known if unless_known else open_case)(cli.store, opening, now)
    others = [one for one in found if one.number != answer.number]
    earlier = [one for one in known.cases if one.number != answer.number] if known else []
    document = {
        **document_of(answer),
        "kind": sort,
        "likely_duplicates": [{"case": one.number, "state": one.state, "why": list(one.why)} for one in others],
        "returning": bool(earlier),
    }
    welcome = [_welcome(known, earlier)] if known and earlier else []
    cli.give(document, words_of(answer), *welcome, *map(_line, others))


def _before(contact: Contact, kind: str) -> tuple[Customer | None, list[Candidate]]:
    """Who it is and what may be the same matter, as it stood before the case is opened."""
    with cli.store.looking() as tx:
        found = similar(tx, cli.store.secret, contact, {kind})
        return recognised(tx, cli.store.secret, contact), found


def _welcome(known: Customer, cases: list[Matter]) -> str:
    who = known.address or cli.translate("desk.unnamed")
    return cli.translate("desk.returning", customer=who, count=len(cases), open=sum(not one.closed for one in cases))


def _line(one: Candidate) -> str:
    stands = label(cli.locale, one.kind, "state", one.state)
    return cli.translate("desk.likely", number=one.number, state=stands, why=_why(one))


def _why(one: Candidate) -> str:
    return ", ".join(cli.translate(f"desk.why.{reason}") for reason in one.why)


def alike(
    phone: str | None = None,
    email: str | None = None,
    shipment: str | None = None,
    text: str | None = None,
    body: Body = None,
    json: Json = False,
) -> None:
    """The cases that a contact may be about already: by customer, by shipment, or by nearly the same words."""
    if not (phone or email or shipment or text or body):
        raise Refused("nothing_to_look_for", options=["--phone", "--email", "--shipment", "--text", "--body"])
    said = text or (text_of(body) if body else "-")
    asked = contact_of("open", at=cli.store.now(), text=said, phone=phone, email=email, shipment=shipment)
    with cli.store.looking() as tx:
        found = similar(tx, cli.store.secret, asked, customer_kinds())
    heads = ("column.case", "desk.column.kind", "column.state", "column.level", "column.opened", "desk.column.why")
    shown = (
        table("", [cli.translate(head) for head in heads], map(_row, found))
        if found
        else cli.translate("desk.none_similar")
    )
    cli.give({"similar": [_document(one) for one in found]}, shown)


def _row(one: Candidate) -> tuple[str, ...]:
    return (
        one.number,
        label(cli.locale, "", "kind", one.kind),
        label(cli.locale, one.kind, "state", one.state),
        label(cli.locale, one.kind, "level", str(one.level)),
        local(one.opened_at),
        _why(one),
    )


def _document(one: Candidate) -> dict[str, Any]:
    return {("case" if name == "number" else name): value for name, value in asdict(one).items()}
