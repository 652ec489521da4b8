"""Commands that open and move cases: case open, follow-up and do; and how their answer is shown."""

from typing import Annotated, Any

import typer

from apps import views
from apps.cli.contact_input import Body, contact_of
from apps.cli.context import As, FileEncoding, Json, cli, instant
from apps.cli.number_options import whole_option
from apps.cli.similar_cases import candidate_line
from apps.cli.text_files import text_of
from apps.phone_script import check_call
from engine.commands.advance import advance
from engine.commands.command import Answer, Command
from engine.commands.follow_up import follow_up
from engine.commands.open_case import Opening, open_case, open_unless_known
from engine.commands.refused_attempts import Attempt, keep_attempts
from engine.duplicates.similar import Candidate, similar
from engine.rules.in_force import rules_in
from flows.letter_preview import letter_of
from locales.translation import label
from models.columns import to_micros
from models.contact import Channel, CustomerType
from reports.case_customer import unusable_text
from reports.desk_queries import Customer, CustomerCase, recognised
from statemachines.form_model import PERSONAL, Form, marked, required
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused

Key = Annotated[str | None, typer.Option()]
Kind = Annotated[str, typer.Option()]
Whose = Annotated[CustomerType | None, typer.Option()]
How = Annotated[Channel | None, typer.Option(show_default="hotline")]
Unnamed = Annotated[bool, typer.Option("--unnamed")]
UnlessKnown = Annotated[bool, typer.Option("--unless-known")]
Language = Annotated[str | None, typer.Option()]
Sets = Annotated[list[str] | None, typer.Option("--set")]


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
    channel: How = None,
    unnamed: Unnamed = False,
    language: Language = None,
    kind: Kind = "complaint",
    pack: str = "logistics",
    unless_known: UnlessKnown = False,
    as_: As = None,
    key: Key = None,
    encoding: FileEncoding = None,
    json: Json = False,
) -> None:
    """Open a case for a contact; cases that may be the same matter are named.

    With ``--channel hotline`` each field must be given that the pack in force demands of a call (A1). Without a channel
    the contact is recorded as a call, too, but nothing is demanded: scripts write such contacts down afterwards.
    """
    contact = contact_of(
        "open",
        at=cli.working_time(),
        text=text if text is not None else text_of(body),
        subject=subject,
        demand=demand,
        customer=customer,
        phone=phone,
        email=email,
        customer_type=customer_type,
        shipment=shipment,
        requested_at=instant(requested_at) if requested_at else None,
        channel=channel or Channel.HOTLINE,
        language=language,
    )
    if channel is not None:
        cli.store.ask(lambda tx: check_call(tx, contact, kind, pack, contact.at, named=not unnamed))
    _open_and_show(Opening(contact, kind, pack, cli.actor(as_), cli.via, key), unless_known)


def _open_and_show(opening: Opening, unless_known: bool) -> None:
    """Open the case, and name the cases of the same customer and those that may be the same matter."""
    kind = lifecycle_of(opening.kind).kind
    customer, candidates = _before(opening, kind)
    answer = (open_unless_known if unless_known else open_case)(cli.store, opening, opening.contact.at)
    others = [candidate for candidate in candidates if candidate.number != answer.number]
    earlier = [case for case in customer.cases if case.number != answer.number] if customer else []
    unset = views.unset_at_opening(cli.store, answer.number)
    unusable = views.unusable_at_opening(cli.store, answer.number)
    document = {
        **document_of(answer),
        "kind": kind,
        "limits_not_set": unset,
        "likely_duplicates": [{"case": other.number, "state": other.state, "why": list(other.why)} for other in others],
        "returning": bool(earlier),
        **({"unusable": unusable} if unusable else {}),
    }
    welcome = [_welcome(customer, earlier)] if customer and earlier else []
    unusable_lines = [f"! {unusable_text(cli.locale, code)}" for code in unusable]
    lines = (*_unset_line(kind, unset), *unusable_lines, *welcome, *map(candidate_line, others))
    cli.give(document, answer_text(answer), *lines)


def _unset_line(kind: str, unset: list[str]) -> list[str]:
    """Return the line that names the clauses whose limit the pack does not set; none if all are set."""
    names = ", ".join(label(cli.locale, kind, "clause", name) for name in unset)
    return [cli.translate("desk.limits_not_set", clauses=names)] if unset else []


def _before(opening: Opening, kind: str) -> tuple[Customer | None, list[Candidate]]:
    """Return the customer and the cases that may be the same matter, as of before the case is opened."""
    secret, contact = cli.store.secret, opening.contact
    with cli.store.looking() as tx:
        region = rules_in(tx).pack(opening.pack, to_micros(contact.at)).region
        candidates = similar(tx, secret, contact, {kind}, region)
        return recognised(tx, secret, contact, region), candidates


def _welcome(customer: Customer, cases: list[CustomerCase]) -> str:
    name = customer.address or cli.translate("desk.unnamed")
    still_open = sum(not case.closed for case in cases)
    return cli.translate("desk.returning", customer=name, count=len(cases), open=still_open)


def follow_up_(
    number: str,
    text: str | None = None,
    body: Body = None,
    channel: Channel = Channel.HOTLINE,
    as_: As = None,
    key: Key = None,
    encoding: FileEncoding = None,
    json: Json = False,
) -> None:
    """The customer contacts us again: told to whoever has the case, or the case is reopened, or a new one linked."""
    at = cli.working_time()
    contact = contact_of("follow_up", at=at, text=text if text is not None else text_of(body), channel=channel)
    answer = follow_up(cli.store, number, contact, at, cli.actor(as_), cli.via, key)
    cli.give(document_of(answer), answer_text(answer))


def do(
    number: str,
    move: str,
    set_: Sets = None,
    body: Body = None,
    as_: As = None,
    key: Key = None,
    if_seq: Annotated[int | None, whole_option(least=0)] = None,
    preview: Annotated[bool, typer.Option("--preview")] = False,
    encoding: FileEncoding = None,
    json: Json = False,
) -> None:
    """Make a move: its form is what the lifecycle's table asks for."""
    try:
        form = _entered(number, move, set_, body)
    except Refused as refused:
        if (handle := as_ or cli.settings.actor) and not preview:
            keep_attempts(cli.store, [Attempt(number, move, handle, cli.via, refused)], cli.store.now())
        raise
    if preview:
        letter = letter_of(cli.store, number, move, form, cli.settings.locale, cli.settings.portal_url)
        return cli.give(letter._asdict(), letter.subject, "", letter.body)
    command = Command(number, move, form, cli.actor(as_), cli.via, key, if_seq)
    answer = advance(cli.store, command, cli.working_time())
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
