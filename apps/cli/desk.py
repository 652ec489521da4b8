"""Commands of the desk: customer shows who is calling, track where an order is."""

from dataclasses import asdict
from typing import Any

import typer

from apps.cli.context import Json, cli, local, table
from apps.cli.move_forms import contact_of
from locales.translation import label
from reports.desk_queries import Customer, CustomerCase, OrderStatus, customers
from reports.desk_queries import track as look_up
from statemachines.refused import Refused


def join(app: typer.Typer) -> None:
    """Hang the commands on the command line."""
    app.command()(customer)
    app.command()(track)


def customer(phone: str | None = None, email: str | None = None, name: str | None = None, json: Json = False) -> None:
    """Who is calling, how he is addressed, and the cases he has with us: for staff only."""
    given = [one for one in (phone, email, name) if one]
    if len(given) != 1:
        raise Refused("nothing_to_look_for", options=["--phone", "--email", "--name"])
    asked = contact_of("open", at=cli.store.now(), text="-", phone=phone, email=email, customer=name)
    with cli.store.looking() as tx:
        found = customers(tx, cli.store.secret, asked)
    shown = [part for one in found for part in (_head(one), _cases(one))]
    document = {"customers": [_document(one) for one in found]}
    cli.give(document, *(shown or [cli.translate("desk.new_customer")]))


def _head(one: Customer) -> str:
    return cli.translate(
        "desk.customer",
        customer=one.address or cli.translate("desk.unnamed"),
        type=label(cli.locale, "", "customer_type", one.type or "–"),
        phone=f"…{one.phone_ends}" if one.phone_ends else "–",
    )


def _cases(one: Customer) -> Any:
    heads = ("column.case", "desk.column.kind", "column.state", "column.opened", "column.level")
    return table("", [cli.translate(head) for head in heads], map(_row, one.cases))


def _row(one: CustomerCase) -> tuple[str, ...]:
    return (
        one.number,
        label(cli.locale, "", "kind", one.kind),
        label(cli.locale, one.kind, "state", one.state),
        local(one.opened_at),
        label(cli.locale, one.kind, "level", str(one.level)),
    )


def _document(one: Customer) -> dict[str, Any]:
    cases = [{("case" if key == "number" else key): value for key, value in asdict(each).items()} for each in one.cases]
    return {"address": one.address, "phone_ends": one.phone_ends, "type": one.type, "cases": cases}


def track(number: str, json: Json = False) -> None:
    """Where an order stands and where its goods are, as of when; nothing of whose they are."""
    now = cli.store.now()
    with cli.store.looking() as tx:
        seen = look_up(tx, number, now)
    age = None if seen.age is None else seen.age.total_seconds()
    document = {("case" if key == "number" else key): value for key, value in asdict(seen).items()}
    cli.give({**document, "age": age}, table(number, ("", ""), _facts(seen)))


def _facts(seen: OrderStatus) -> list[tuple[str, str]]:
    return [
        (cli.translate("column.state"), label(cli.locale, seen.kind, "state", seen.state)),
        (cli.translate("desk.column.position"), label(cli.locale, seen.kind, "position", seen.position or "–")),
        (cli.translate("desk.column.as_of"), _as_of(seen)),
        (cli.translate("desk.column.expected"), local(seen.expected_at)),
    ]


def _as_of(seen: OrderStatus) -> str:
    if seen.age is None:
        return "–"
    told = cli.translate("desk.as_of", at=local(seen.as_of), hours=int(seen.age.total_seconds() // 3600))
    return f"{told} · {cli.translate('desk.stale')}" if seen.stale else told
