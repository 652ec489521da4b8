"""The command that lists the cases a contact may be about already: case similar; and how such a case is named."""

from dataclasses import asdict
from typing import Any

from apps.cli.contact_input import Body, contact_of
from apps.cli.context import FileEncoding, Json, cli, local, table
from apps.cli.text_files import text_of
from engine.duplicates.similar import Candidate, similar
from engine.rules.in_force import rules_in
from locales.translation import label
from models.columns import to_micros
from statemachines.kinds import customer_kinds
from statemachines.refused import Refused


def list_similar(
    phone: str | None = None,
    email: str | None = None,
    shipment: str | None = None,
    text: str | None = None,
    body: Body = None,
    pack: str = "logistics",
    encoding: FileEncoding = None,
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
        region = rules_in(tx).pack(pack, to_micros(query.at)).region
        candidates = similar(tx, cli.store.secret, query, customer_kinds(), region)
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


def candidate_line(candidate: Candidate) -> str:
    state = label(cli.locale, candidate.kind, "state", candidate.state)
    return cli.translate("desk.likely", number=candidate.number, state=state, why=_why(candidate))


def _why(candidate: Candidate) -> str:
    return ", ".join(cli.translate(f"desk.why.{reason}") for reason in candidate.why)
