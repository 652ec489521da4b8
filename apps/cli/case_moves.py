"""Commands that open and move cases: case open, similar and do; and how their text is read and their answer shown."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from apps import views
from apps.cli.context import As, Json, cli, instant, local, table
from apps.cli.letter_preview import letter_of
from engine.commands.advance import Answer, Command, advance
from engine.commands.follow_up import follow_up
from engine.commands.open_case import Opening, open_case, open_unless_known
from engine.commands.refused_attempts import keep_attempt
from engine.duplicates.similar import Candidate, similar
from locales.translation import label
from models.contact import Channel, Contact, CustomerType
from reports.desk_queries import Customer, CustomerCase, customer_kinds, recognised
from statemachines.form_model import PERSONAL, Form, marked, required
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.refused import Refused


def _kinds_and_natures() -> str:
    """Return every kind and the natures of contact that open one, customers' work first."""
    tables = sorted(lifecycles().values(), key=lambda table: table.internal)
    return ", ".join(f"{table.kind} ({', '.join(table.natures)})" if table.natures else table.kind for table in tables)


Body = Annotated[str | None, typer.Option(help="A file with the text, or - for standard input.")]
Key = Annotated[str | None, typer.Option(help="An idempotency key: the same key and body does nothing twice.")]
Kind = Annotated[
    str, typer.Option(help=f"What sort of contact it is: a kind, or a nature of one: {_kinds_and_natures()}.")
]
Whose = Annotated[CustomerType | None, typer.Option(help="Whom we deal with, where a promise depends on it.")]
UnlessKnown = Annotated[
    bool, typer.Option("--unless-known", help="Open nothing if the customer or the shipment has such a case already.")
]
Language = Annotated[
    str | None, typer.Option(help="The customer's language (zh_CN, zh_TW, en); without it his words tell.")
]
Sets = Annotated[list[str] | None, typer.Option("--set", help="field=value of the move's form; may be repeated.")]

CLI = "cli"
"""How the moves of the command line are recorded."""


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
    language: Language = None,
    kind: Kind = "complaint",
    pack: str = "logistics",
    unless_known: UnlessKnown = False,
    as_: As = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Open a case for a contact; cases that may be the same matter are named."""
    contact = contact_of(
        "open",
        at=cli.store.now(),
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
        language=language,
    )
    _open_and_show(Opening(contact, kind, pack, cli.actor(as_), key=key), unless_known)


def _open_and_show(opening: Opening, unless_known: bool) -> None:
    """Open the case, and name the cases of the same customer and those that may be the same matter."""
    kind = lifecycle_of(opening.kind).kind
    customer, candidates = _before(opening.contact, kind)
    answer = (open_unless_known if unless_known else open_case)(cli.store, opening, opening.contact.at)
    others = [candidate for candidate in candidates if candidate.number != answer.number]
    earlier = [case for case in customer.cases if case.number != answer.number] if customer else []
    unset = views.unset_at_opening(cli.store, answer.number)
    document = {
        **document_of(answer),
        "kind": kind,
        "limits_not_set": unset,
        "likely_duplicates": [{"case": other.number, "state": other.state, "why": list(other.why)} for other in others],
        "returning": bool(earlier),
    }
    welcome = [_welcome(customer, earlier)] if customer and earlier else []
    cli.give(document, answer_text(answer), *_unset_line(kind, unset), *welcome, *map(_candidate_line, others))


def _unset_line(kind: str, unset: list[str]) -> list[str]:
    """Return the line that names the clauses whose limit the pack does not set; none if all are set."""
    names = ", ".join(label(cli.locale, kind, "clause", name) for name in unset)
    return [cli.translate("desk.limits_not_set", clauses=names)] if unset else []


def _before(contact: Contact, kind: str) -> tuple[Customer | None, list[Candidate]]:
    """Return the customer and the cases that may be the same matter, as of before the case is opened."""
    with cli.store.looking() as tx:
        candidates = similar(tx, cli.store.secret, contact, {kind})
        return recognised(tx, cli.store.secret, contact), candidates


def _welcome(customer: Customer, cases: list[CustomerCase]) -> str:
    name = customer.address or cli.translate("desk.unnamed")
    still_open = sum(not case.closed for case in cases)
    return cli.translate("desk.returning", customer=name, count=len(cases), open=still_open)


def _candidate_line(candidate: Candidate) -> str:
    state = label(cli.locale, candidate.kind, "state", candidate.state)
    return cli.translate("desk.likely", number=candidate.number, state=state, why=_why(candidate))


def _why(candidate: Candidate) -> str:
    return ", ".join(cli.translate(f"desk.why.{reason}") for reason in candidate.why)


def list_similar(
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
    query = contact_of(
        "open",
        at=cli.store.now(),
        text=text or (text_of(body) if body else "-"),
        phone=phone,
        email=email,
        shipment=shipment,
    )
    with cli.store.looking() as tx:
        candidates = similar(tx, cli.store.secret, query, customer_kinds())
    columns = ("column.case", "desk.column.kind", "column.state", "column.level", "column.opened", "desk.column.why")
    shown = (
        table("", list(map(cli.translate, columns)), map(_candidate_row, candidates))
        if candidates
        else cli.translate("desk.none_similar")
    )
    cli.give({"similar": [_candidate_document(candidate) for candidate in candidates]}, shown)


def _candidate_row(candidate: Candidate) -> tuple[str, ...]:
    return (
        candidate.number,
        label(cli.locale, "", "kind", candidate.kind),
        label(cli.locale, candidate.kind, "state", candidate.state),
        label(cli.locale, candidate.kind, "level", str(candidate.level)),
        local(candidate.opened_at),
        _why(candidate),
    )


def _candidate_document(candidate: Candidate) -> dict[str, Any]:
    return {("case" if name == "number" else name): value for name, value in asdict(candidate).items()}


def follow_up_(
    number: str,
    text: str | None = None,
    body: Body = None,
    channel: Channel = Channel.HOTLINE,
    as_: As = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """The customer contacts us again: told to whoever has the case, or the case is reopened, or a new one linked."""
    at = cli.store.now()
    contact = contact_of("follow_up", at=at, text=text if text is not None else text_of(body), channel=channel)
    answer = follow_up(cli.store, number, contact, at, cli.actor(as_), key=key)
    cli.give(document_of(answer), answer_text(answer))


def do(
    number: str,
    move: str,
    set_: Sets = None,
    body: Body = None,
    as_: As = None,
    key: Key = None,
    if_seq: Annotated[int | None, typer.Option(help="Refuse if the case has moved past this sequence.")] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what the customer would be sent; do nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a move: its form is what the lifecycle's table asks for."""
    try:
        form = _entered(number, move, set_, body)
    except Refused as refused:
        if (handle := as_ or cli.settings.actor) and not preview:
            keep_attempt(cli.store, number, move, handle, CLI, refused, cli.store.now())
        raise
    if preview:
        letter = letter_of(number, move, form)
        return cli.give(letter._asdict(), letter.subject, "", letter.body)
    command = Command(number, move, form, cli.actor(as_), CLI, key, if_seq)
    answer = advance(cli.store, command, cli.store.now())
    return cli.give(document_of(answer), answer_text(answer))


def _entered(number: str, move: str, set_: list[str] | None, body: str | None) -> dict[str, str]:
    """Return the fields as they were entered. Raises ``Refused``."""
    model = _form_model(number, move)
    form: dict[str, str] = {}
    for item in set_ or ():
        name, sign, value = item.partition("=")
        if not sign:
            raise Refused("bad_set", value=name[:40])
        if name not in model.model_fields:
            raise Refused("unknown_field", field=name[:40], move=move, known=list(model.model_fields))
        form[name] = value
    if body is not None:
        form[_text_field(model, move)] = text_of(body)
    return form


def _form_model(number: str, move: str) -> type[Form]:
    lifecycle = lifecycle_of(views.kind_of(cli.store, number))
    if move not in lifecycle.rows:
        raise Refused("unknown_move", move=move[:40], known=list(lifecycle.rows))
    return lifecycle.rows[move][0].form


def _text_field(model: type[Form], move: str) -> str:
    """Return the field that a body fills: the required personal one, else the first personal one."""
    personal = marked(model, PERSONAL)
    if not personal:
        raise Refused("no_body", move=move)
    return next((name for name in required(model) if name in personal), personal[0])


def text_of(source: str | None) -> str:
    """Read a file, or standard input for "-". Raises ``Refused('no_text' | 'unreadable_body')``."""
    if source is None:
        raise Refused("no_text")
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refused("unreadable_body", file=source) from None


def contact_of(move: str, **fields: Any) -> Contact:
    """Return the contact with these fields. Raises ``Refused('form')``, which names the faulty ones."""
    try:
        return Contact.model_validate({"row_id": "-", **fields})
    except ValidationError as error:
        faults = [
            {"field": str(fault["loc"][0]), "why": fault["type"], "text": fault["msg"]}
            for fault in error.errors(include_input=False)
        ]
        raise Refused("form", move=move, fields=faults) from None


def document_of(answer: Answer) -> dict[str, Any]:
    """Return the answer for programs."""
    return {
        "case": answer.number,
        "seq": answer.seq,
        "state": answer.state,
        "level": answer.level,
        "again": answer.again,
    }


def answer_text(answer: Answer) -> str:
    """Return the answer for people."""
    kind = views.kind_of(cli.store, answer.number)
    state = label(cli.locale, kind, "state", answer.state)
    return cli.translate("again" if answer.again else "moved", number=answer.number, seq=answer.seq, state=state)
