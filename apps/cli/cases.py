"""Commands about cases: case open, list, show, do, history, clocks; and the board."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.table import Table

from apps import views
from apps.cli.door import As, Json, door, instant, local, table
from apps.clock_views import ClockView
from engine.moving import Answer, Command, advance
from engine.opening import Opening, open_case
from flows.wording import label, say
from models.contact import Channel, Contact
from statemachines.asks import PERSONAL, Asks, marked, required
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Milestone, Refused

case = typer.Typer(help="Complaints and service orders, one by one.", no_args_is_help=True)

Key = Annotated[str | None, typer.Option(help="An idempotency key: the same key and body does nothing twice.")]
Body = Annotated[str | None, typer.Option(help="A file with the text, or - for standard input.")]
Sets = Annotated[list[str] | None, typer.Option("--set", help="field=value of the move's form; may be repeated.")]


def join(app: typer.Typer) -> None:
    """Hang the board on the command line; ``case`` is a command group of its own."""
    app.command()(board)


@case.command("open")
def open_(
    text: str | None = None,
    body: Body = None,
    subject: str | None = None,
    demand: str | None = None,
    customer: str | None = None,
    phone: str | None = None,
    email: str | None = None,
    shipment: str | None = None,
    requested_at: str | None = None,
    channel: Channel = Channel.HOTLINE,
    kind: str = "complaint",
    pack: str = "logistics",
    as_: As = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Open a case for a contact."""
    now = door.store.now()
    told = {
        "row_id": "-",
        "at": now,
        "text": text if text is not None else _read(body),
        "subject": subject,
        "demand": demand,
        "customer": customer,
        "phone": phone,
        "email": email,
        "shipment": shipment,
        "requested_at": instant(requested_at) if requested_at else None,
        "channel": channel,
    }
    try:
        contact = Contact.model_validate(told)
    except ValidationError as error:
        faults = [{"field": str(fault["loc"][0]), "text": fault["msg"]} for fault in error.errors(include_input=False)]
        raise Refused("form", move="open", fields=faults) from None
    _tell(open_case(door.store, Opening(contact, kind, pack, door.actor(as_), key=key), now))


@case.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Closed cases, too.")] = False,
    state: str | None = None,
    department: str | None = None,
    owner: str | None = None,
    level: Annotated[int | None, typer.Option(min=0, max=3)] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    json: Json = False,
) -> None:
    """Open cases, the highest level and the oldest first."""
    wanted = views.Wanted(all_, state, department, owner, level, limit)
    found = views.cases(door.store, wanted)
    columns = ("case", "state", "level", "category", "department", "owner", "opened")
    rows = [
        (
            one.number,
            label(door.locale, one.kind, "state", one.state),
            label(door.locale, one.kind, "level", str(one.level)),
            label(door.locale, one.kind, "category", one.category or "–"),
            label(door.locale, one.kind, "department", one.department or "–"),
            one.owner,
            local(one.opened_at),
        )
        for one in found
    ]
    document = {"cases": [views.document(one) for one in found]}
    door.give(document, table("", tuple(door.say(f"column.{name}") for name in columns), rows))


@case.command()
def show(number: str, as_: As = None, json: Json = False) -> None:
    """One case: where it stands, what may be done now, what runs out when."""
    seen = views.case(door.store, number, as_ or door.settings.actor or None)
    one = seen.case
    facts = [
        (door.say("column.state"), label(door.locale, one.kind, "state", one.state)),
        (door.say("column.level"), label(door.locale, one.kind, "level", str(one.level))),
        (door.say("column.round"), one.cycle),
        (door.say("column.category"), label(door.locale, one.kind, "category", one.category or "–")),
        (door.say("column.severity"), label(door.locale, one.kind, "severity", one.severity or "–")),
        (door.say("column.department"), label(door.locale, one.kind, "department", one.department or "–")),
        (door.say("column.owner"), one.owner),
        (door.say("column.opened"), local(one.opened_at)),
        (door.say("column.allowed"), ", ".join(seen.allowed) or "–"),
    ]
    document = {**views.document(one), "allowed": seen.allowed, "clocks": [c.document() for c in seen.clocks]}
    door.give(document, table(number, ("", ""), facts), _clock_table(seen.clocks, one.kind))


@case.command()
def do(
    number: str,
    move: str,
    set_: Sets = None,
    body: Body = None,
    as_: As = None,
    key: Key = None,
    if_seq: Annotated[int | None, typer.Option(help="Refuse if the case has moved past this sequence.")] = None,
    json: Json = False,
) -> None:
    """Make a move: its form is what the lifecycle's table asks for."""
    asks = _form_of(number, move)
    form: dict[str, str] = {}
    for item in set_ or ():
        name, sign, value = item.partition("=")
        if not sign:
            raise Refused("bad_set", value=name[:40])
        if name not in asks.model_fields:
            raise Refused("unknown_field", field=name[:40], move=move, known=list(asks.model_fields))
        form[name] = value
    if body is not None:
        form[_text_field(asks, move)] = _read(body)
    command = Command(number, move, form, door.actor(as_), key=key, if_seq=if_seq)
    _tell(advance(door.store, command, door.store.now()))


@case.command()
def history(number: str, json: Json = False) -> None:
    """Every move of a case, and what was said."""
    told = views.history(door.store, number)
    columns = ("seq", "occurred", "move", "state", "level", "actor", "via", "said")
    rows = [
        (
            one.seq,
            local(one.occurred_at),
            label(door.locale, told.kind, "move", one.move) + (" *" if one.inferred else ""),
            label(door.locale, told.kind, "state", one.dest),
            one.level,
            one.actor,
            label(door.locale, told.kind, "via", one.via),
            one.summary(),
        )
        for one in told.moves
    ]
    document = {"case": number, "transitions": [one.document() for one in told.moves]}
    door.give(document, table(number, tuple(door.say(f"column.{name}") for name in columns), rows))


@case.command()
def clocks(number: str, json: Json = False) -> None:
    """Every promise of a case: its budget, what is used, what fires when, and where it comes from."""
    kind, found = views.clocks(door.store, number)
    door.give({"case": number, "clocks": [one.document() for one in found]}, _clock_table(found, kind))


def board(json: Json = False) -> None:
    """Open cases by milestone and level, and how many are late."""
    seen = views.board(door.store)
    spine = [one for one in Milestone if one is not Milestone.ARCHIVED]
    heads = [door.say("column.level"), *(label(door.locale, "", "milestone", one) for one in spine)]
    rows = [
        (label(door.locale, "", "level", str(level)), *(seen.count(one, level) or "·" for one in spine))
        for level in range(4)
    ]
    late = door.say("board_late", open=seen.open, late=seen.late)
    door.give(seen.document(), table(door.say("board_title"), heads, rows), late)


def _clock_table(found: list[ClockView], kind: str) -> Table:
    columns = ("promise", "round", "limit", "used", "state", "fires", "rungs", "source")
    rows = [
        (
            label(door.locale, kind, "clause", one.clause),
            one.cycle,
            f"{one.amount} {say(door.locale, f'unit.{one.unit}')}",
            f"{one.used_percent} %",
            one.state(door.locale),
            local(one.fires_at) + (f" ({door.say('deadline.unsure')})" if one.provisional else ""),
            one.rungs(),
            one.source,
        )
        for one in found
    ]
    return table("", tuple(door.say(f"column.{name}") for name in columns), rows)


def _form_of(number: str, move: str) -> type[Asks]:
    table_ = lifecycle_of(views.kind_of(door.store, number))
    if move not in table_.rows:
        raise Refused("unknown_move", move=move[:40], known=list(table_.rows))
    return table_.rows[move][0].asks


def _text_field(asks: type[Asks], move: str) -> str:
    """The field that a body fills: the required personal one, else the first personal one."""
    personal = marked(asks, PERSONAL)
    if not personal:
        raise Refused("no_body", move=move)
    return next((name for name in required(asks) if name in personal), personal[0])


def _read(source: str | None) -> str:
    if source is None:
        raise Refused("no_text")
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refused("unreadable_body", file=source) from None


def _tell(answer: Answer) -> None:
    document = {
        "case": answer.number,
        "seq": answer.seq,
        "state": answer.state,
        "level": answer.level,
        "again": answer.again,
    }
    kind = views.kind_of(door.store, answer.number)
    stands = label(door.locale, kind, "state", answer.state)
    words = door.say("again" if answer.again else "moved", number=answer.number, seq=answer.seq, state=stands)
    door.give(document, words)
