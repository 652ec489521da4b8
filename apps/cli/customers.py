"""Commands over customers: customer shows who is calling; questions, merge and part say who is the same person."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli.contact_input import contact_of
from apps.cli.context import As, Json, cli, local, table
from apps.cli.customer_doubts import question_document
from apps.cli.number_options import whole_option
from engine.duplicates.recognition import contact_keys
from engine.rules.in_force import rules_in
from locales.translation import label
from models.columns import to_micros
from reports.case_customer import common_text, unusable_text
from reports.desk_queries import Customer, CustomerCase, customers
from statemachines.refused import Refused

if TYPE_CHECKING:
    from engine.commands.same_customer import Decision

customer = typer.Typer(invoke_without_command=True)

Reason = Annotated[str, typer.Option()]


@customer.callback()
def show(
    context: typer.Context,
    phone: str | None = None,
    email: str | None = None,
    name: str | None = None,
    pack: str = "logistics",
    json: Json = False,
) -> None:
    """Who is calling, how he is addressed, and the cases he has with us: for staff only."""
    if context.invoked_subcommand is not None:
        return
    criteria = [value for value in (phone, email, name) if value]
    if len(criteria) != 1:
        raise Refused("nothing_to_look_for", options=["--phone", "--email", "--name"])
    now = cli.store.now()
    query = contact_of("open", at=now, text="-", phone=phone, email=email, customer=name)
    with cli.store.looking() as tx:
        region = rules_in(tx).pack(pack, to_micros(now)).region
        found = customers(tx, cli.store.secret, query, region)
    unusable = contact_keys(cli.store.secret, query, region).unusable
    shown = [part for each in found for part in (_heading(each), _cases(each))]
    document: dict[str, Any] = {"customers": [_document(each) for each in found]}
    if unusable:
        document["unusable"] = list(unusable)
    cli.give(
        document,
        *(unusable_text(cli.locale, code) for code in unusable),
        *(shown or [cli.translate("desk.new_customer")]),
    )


def _heading(known: Customer) -> str:
    return cli.translate(
        "desk.customer",
        customer=known.address or cli.translate("desk.unnamed"),
        type=label(cli.locale, "", "customer_type", known.type or "–"),
        phone=f"…{known.phone_ends}" if known.phone_ends else "–",
    )


def _cases(known: Customer) -> Any:
    columns = ("column.case", "desk.column.kind", "column.state", "column.opened", "column.level")
    return table("", list(map(cli.translate, columns)), map(_row, known.cases))


def _row(matter: CustomerCase) -> tuple[str, ...]:
    return (
        matter.number,
        label(cli.locale, "", "kind", matter.kind),
        label(cli.locale, matter.kind, "state", matter.state),
        local(matter.opened_at),
        label(cli.locale, matter.kind, "level", str(matter.level)),
    )


def _document(known: Customer) -> dict[str, Any]:
    cases = [
        {("case" if key == "number" else key): value for key, value in asdict(matter).items()} for matter in known.cases
    ]
    return {"address": known.address, "phone_ends": known.phone_ends, "type": known.type, "cases": cases}


@customer.command()
def questions(limit: Annotated[int, whole_option(least=1, most=10_000)] = 50, json: Json = False) -> None:
    """The open questions "same person?": customers with a number or an address in common, the newest first."""
    from reports.same_person import open_questions

    with cli.store.looking() as tx:
        asked = open_questions(tx, limit)
    heads = ("column.case", "reading.name", "customer.other", "reading.name", "customer.common", "customer.asked")
    rows = [(q.case, q.name, q.other, q.other_name, common_text(cli.locale, q), local(q.asked_at)) for q in asked]
    shown = table("", list(map(cli.translate, heads)), rows) if rows else cli.translate("customer.no_questions")
    cli.give({"questions": [question_document(question) for question in asked]}, shown)


@customer.command()
def merge(case: str, other: str, reason: Reason, as_: As = None, json: Json = False) -> None:
    """Say that the customers of two cases are one person. Each case keeps the number and address it came with."""
    from engine.commands.same_customer import Decision, join_customers

    decision = Decision(case, other, reason, cli.actor(as_), cli.via)
    _give(decision, "merged", join_customers(cli.store, decision, cli.working_time()))


@customer.command()
def part(case: str, other: str, reason: Reason, as_: As = None, json: Json = False) -> None:
    """Say that the customers of two cases are two people; an earlier merge of the two is taken back."""
    from engine.commands.same_customer import Decision, part_customers

    decision = Decision(case, other, reason, cli.actor(as_), cli.via)
    _give(decision, "parted", part_customers(cli.store, decision, cli.working_time()))


def _give(decision: "Decision", done: str, changed: bool) -> None:
    text = "customer." + (done if changed else f"{done}_already")
    document = {"case": decision.number, "other": decision.other, "changed": changed}
    cli.give(document, cli.translate(text, case=decision.number, other=decision.other))
