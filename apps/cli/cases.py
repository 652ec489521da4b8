"""Commands about cases: case open, similar, list, show, do, history, clocks; and the board."""

from typing import Annotated, Any

import typer

from apps import views
from apps.cli import open_case as opening
from apps.cli import showing
from apps.cli.context import As, Json, cli, local, table
from apps.cli.move_forms import document_of, text_of, words_of
from apps.cli.open_case import Body, Key
from apps.known_views import kind_words
from engine.commands.advance import Command, advance
from locales.translation import label
from statemachines.form_model import PERSONAL, Form, marked, required
from statemachines.forms import Severity
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Milestone, Refused

case = typer.Typer(help="Complaints and service orders, one by one.", no_args_is_help=True)

Sets = Annotated[list[str] | None, typer.Option("--set", help="field=value of the move's form; may be repeated.")]


def join(app: typer.Typer) -> None:
    """Hang the board on the command line; ``case`` is a command group of its own."""
    app.command()(board)


case.command("open")(opening.open_)
case.command("similar")(opening.alike)


@case.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Closed cases, too.")] = False,
    state: str | None = None,
    department: str | None = None,
    owner: str | None = None,
    level: Annotated[int | None, typer.Option(min=0, max=3)] = None,
    kind: Annotated[str | None, typer.Option(help="Of one kind, or one nature.")] = None,
    severity: Annotated[Severity | None, typer.Option(help="Of one severity.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    json: Json = False,
) -> None:
    """Open cases: customers' before internal ones, the urgent, the highest level and the oldest first."""
    wanted = views.Wanted(all_, state, department, owner, level, limit, kind, severity)
    found = views.cases(cli.store, wanted)
    columns = (
        "column.case", "desk.column.kind", "column.state", "column.level", "column.category", "column.severity",
        "column.department", "column.owner", "column.opened",
    )  # fmt: skip
    told = [one.document() for one in found]
    rows = [
        (
            one.number,
            kind_words(cli.locale, one.kind, document["known"].get("nature")),
            label(cli.locale, one.kind, "state", one.state),
            label(cli.locale, one.kind, "level", str(one.level)),
            label(cli.locale, one.kind, "category", one.category or "–"),
            label(cli.locale, one.kind, "severity", one.severity or "–"),
            label(cli.locale, one.kind, "department", one.department or "–"),
            one.owner,
            local(one.opened_at),
        )
        for one, document in zip(found, told, strict=True)
    ]
    cli.give({"cases": told}, table("", tuple(map(cli.translate, columns)), rows))


case.command()(showing.show)


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
        form[_text_field(asks, move)] = text_of(body)
    command = Command(number, move, form, cli.actor(as_), key=key, if_seq=if_seq)
    answer = advance(cli.store, command, cli.store.now())
    cli.give(document_of(answer), words_of(answer))


@case.command()
def history(number: str, json: Json = False) -> None:
    """Every move of a case, and what was said."""
    told = views.history(cli.store, number)
    columns = ("seq", "occurred", "move", "state", "level", "actor", "via", "said")
    rows = [
        (
            one.seq,
            local(one.occurred_at),
            label(cli.locale, told.kind, "move", one.move) + (" *" if one.inferred else ""),
            label(cli.locale, told.kind, "state", one.dest),
            one.level,
            one.actor,
            label(cli.locale, told.kind, "via", one.via),
            one.summary(width=120),
        )
        for one in told.moves
    ]
    document = {"case": number, "transitions": [one.document() for one in told.moves]}
    cli.give(document, table(number, tuple(cli.translate(f"column.{name}") for name in columns), rows))


case.command()(showing.clocks)


def board(json: Json = False) -> None:
    """Open cases by milestone and level, and how many are late."""
    seen = views.board(cli.store)
    spine = [one for one in Milestone if one is not Milestone.ARCHIVED]
    heads = [cli.translate("column.level"), *(label(cli.locale, "", "milestone", one) for one in spine)]
    rows = [_board_row(seen, spine, level, internal=False) for level in range(4)]
    rows += [_board_row(seen, spine, level, internal=True) for level in range(4) if seen.internal]
    late = cli.translate("board_late", open=seen.open, late=seen.late)
    cli.give(seen.document(), table(cli.translate("board_title"), heads, rows), late)


def _board_row(seen: views.Board, spine: list[Milestone], level: int, *, internal: bool) -> tuple[Any, ...]:
    name = label(cli.locale, "", "level", str(level))
    head = cli.translate("desk.internal", level=name) if internal else name
    return (head, *(seen.count(one, level, internal) or "·" for one in spine))


def _form_of(number: str, move: str) -> type[Form]:
    table_ = lifecycle_of(views.kind_of(cli.store, number))
    if move not in table_.rows:
        raise Refused("unknown_move", move=move[:40], known=list(table_.rows))
    return table_.rows[move][0].form


def _text_field(asks: type[Form], move: str) -> str:
    """The field that a body fills: the required personal one, else the first personal one."""
    personal = marked(asks, PERSONAL)
    if not personal:
        raise Refused("no_body", move=move)
    return next((name for name in required(asks) if name in personal), personal[0])
