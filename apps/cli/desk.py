"""Commands of the desk: customer shows who is calling, track where an order is."""

from dataclasses import asdict
from typing import Any

import typer

from apps.cli.answering import contact_of
from apps.cli.door import Json, door, local, table
from flows.reports.lookups import Customer, Matter, Tracking, customers
from flows.reports.lookups import track as look_up
from flows.wording import label
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
    asked = contact_of("open", at=door.store.now(), text="-", phone=phone, email=email, customer=name)
    with door.store.looking() as tx:
        found = customers(tx, door.store.secret, asked)
    shown = [part for one in found for part in (_head(one), _cases(one))]
    document = {"customers": [_document(one) for one in found]}
    door.give(document, *(shown or [door.say("desk.new_customer")]))


def _head(one: Customer) -> str:
    return door.say(
        "desk.customer",
        customer=one.address or door.say("desk.unnamed"),
        type=label(door.locale, "", "customer_type", one.type or "–"),
        phone=f"…{one.phone_ends}" if one.phone_ends else "–",
    )


def _cases(one: Customer) -> Any:
    heads = ("column.case", "desk.column.kind", "column.state", "column.opened", "column.level")
    return table("", [door.say(head) for head in heads], map(_row, one.cases))


def _row(one: Matter) -> tuple[str, ...]:
    return (
        one.number,
        label(door.locale, "", "kind", one.kind),
        label(door.locale, one.kind, "state", one.state),
        local(one.opened_at),
        label(door.locale, one.kind, "level", str(one.level)),
    )


def _document(one: Customer) -> dict[str, Any]:
    cases = [{("case" if key == "number" else key): value for key, value in asdict(each).items()} for each in one.cases]
    return {"address": one.address, "phone_ends": one.phone_ends, "type": one.type, "cases": cases}


def track(number: str, json: Json = False) -> None:
    """Where an order stands and where its goods are, as of when; nothing of whose they are."""
    now = door.store.now()
    with door.store.looking() as tx:
        seen = look_up(tx, number, now)
    age = None if seen.age is None else seen.age.total_seconds()
    document = {("case" if key == "number" else key): value for key, value in asdict(seen).items()}
    door.give({**document, "age": age}, table(number, ("", ""), _facts(seen)))


def _facts(seen: Tracking) -> list[tuple[str, str]]:
    return [
        (door.say("column.state"), label(door.locale, seen.kind, "state", seen.state)),
        (door.say("desk.column.position"), label(door.locale, seen.kind, "position", seen.position or "–")),
        (door.say("desk.column.as_of"), _as_of(seen)),
        (door.say("desk.column.expected"), local(seen.expected_at)),
    ]


def _as_of(seen: Tracking) -> str:
    if seen.age is None:
        return "–"
    told = door.say("desk.as_of", at=local(seen.as_of), hours=int(seen.age.total_seconds() // 3600))
    return f"{told} · {door.say('desk.stale')}" if seen.stale else told
