"""Commands of the service desk: customer shows who is calling, track where an order is."""

from dataclasses import asdict
from typing import Any

import typer

from apps.cli.contact_input import contact_of
from apps.cli.context import Json, cli, local, table
from locales.translation import label
from reports.desk_queries import Customer, CustomerCase, OrderStatus, customers
from reports.desk_queries import track as look_up
from statemachines.refused import Refused


def join(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(customer)
    app.command()(track)


def customer(phone: str | None = None, email: str | None = None, name: str | None = None, json: Json = False) -> None:
    """Who is calling, how he is addressed, and the cases he has with us: for staff only."""
    criteria = [value for value in (phone, email, name) if value]
    if len(criteria) != 1:
        raise Refused("nothing_to_look_for", options=["--phone", "--email", "--name"])
    query = contact_of("open", at=cli.store.now(), text="-", phone=phone, email=email, customer=name)
    with cli.store.looking() as tx:
        found = customers(tx, cli.store.secret, query)
    shown = [part for each in found for part in (_heading(each), _cases(each))]
    document = {"customers": [_document(each) for each in found]}
    cli.give(document, *(shown or [cli.translate("desk.new_customer")]))


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


def track(number: str, json: Json = False) -> None:
    """Where an order stands and where its goods are, as of when; nothing of whose they are."""
    now = cli.store.now()
    with cli.store.looking() as tx:
        tracking = look_up(tx, number, now)
    age = None if tracking.age is None else tracking.age.total_seconds()
    document = {("case" if key == "number" else key): value for key, value in asdict(tracking).items()}
    cli.give({**document, "age": age}, table(number, ("", ""), _facts(tracking)))


def _facts(tracking: OrderStatus) -> list[tuple[str, str]]:
    return [
        (cli.translate("column.state"), label(cli.locale, tracking.kind, "state", tracking.state)),
        (cli.translate("desk.column.position"), label(cli.locale, tracking.kind, "position", tracking.position or "–")),
        (cli.translate("desk.column.as_of"), _as_of(tracking)),
        (cli.translate("desk.column.expected"), local(tracking.expected_at)),
    ]


def _as_of(tracking: OrderStatus) -> str:
    if tracking.age is None:
        return "–"
    text = cli.translate("desk.as_of", at=local(tracking.as_of), hours=int(tracking.age.total_seconds() // 3600))
    return f"{text} · {cli.translate('desk.stale')}" if tracking.stale else text
