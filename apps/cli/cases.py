"""Commands that show cases: case list, show, history and clocks. ``case_moves`` adds the others."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps import views
from apps.case_history import history as history_of_case
from apps.cli import access_codes, attachments, case_bundle, case_moves, erasures
from apps.cli.context import As, Json, cli, local, table
from apps.cli.customer_doubts import customer_doubts, letters_row, question_document
from apps.cli.number_options import whole_option
from apps.cli.similar_cases import list_similar
from apps.fitted_table import FittedTable
from apps.timer_views import TimerView
from apps.variable_views import kind_label, labelled
from engine.ledger.record import CaseRow
from locales.translation import label, named_move
from models.columns import from_micros
from reports.case_search import MOST, CaseQuery, search
from reports.indicators.names import indicator_names_at
from statemachines.forms import Severity
from statemachines.kinds import lifecycle_of

if TYPE_CHECKING:
    from apps.timer_explanation import CountedDay

case = typer.Typer(no_args_is_help=True)


case.command("open")(case_moves.open_)
case.command("similar")(list_similar)
case.command("follow-up")(case_moves.follow_up_)
case.command("attach")(attachments.attach_)
case.command("attachments")(attachments.attachments_)
case.command("download")(attachments.download_)
case.command("erase-attachment")(attachments.erase_attachment_)
case.command("bundle")(case_bundle.bundle)
case.command("erase")(erasures.erase)
case.command("access-code")(access_codes.access_code)


@case.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all")] = False,
    state: str | None = None,
    department: str | None = None,
    owner: str | None = None,
    level: Annotated[int | None, whole_option(least=0, most=3)] = None,
    kind: Annotated[str | None, typer.Option()] = None,
    severity: Annotated[Severity | None, typer.Option()] = None,
    limit: Annotated[int, whole_option(least=1, most=10_000)] = 50,
    json: Json = False,
) -> None:
    """Open cases: customers' before internal ones, the urgent, the highest level and the oldest first."""
    _give_list(views.cases(cli.store, views.CaseFilter(all_, state, department, owner, level, limit, kind, severity)))


@case.command()
def find(
    words: str,
    all_: Annotated[bool, typer.Option("--all")] = False,
    limit: Annotated[int, whole_option(least=1, most=MOST)] = 50,
    json: Json = False,
) -> None:
    """Cases whose texts contain all of these words, in either writing of Chinese; the newest first."""
    query = CaseQuery(text=words, closed=None if all_ else False, limit=limit)
    principal = cli.principal()
    with cli.store.looking() as tx:
        page = search(tx, principal, query, cli.store.now())
    _give_list(page.cases)


def _give_list(cases: list[CaseRow]) -> None:
    columns = (
        "column.case", "desk.column.kind", "column.state", "column.level", "column.category", "column.severity",
        "column.department", "column.owner", "column.opened",
    )  # fmt: skip
    documents = list(map(views.case_document, cases))
    rows = [
        (
            row.number,
            kind_label(cli.locale, row.kind, document["known"].get("nature")),
            label(cli.locale, row.kind, "state", row.state),
            label(cli.locale, row.kind, "level", str(row.level)),
            label(cli.locale, row.kind, "category", row.category or "–"),
            label(cli.locale, row.kind, "severity", row.severity or "–"),
            label(cli.locale, row.kind, "department", row.department or "–"),
            row.owner,
            local(from_micros(row.opened_at)),
        )
        for row, document in zip(cases, documents, strict=True)
    ]
    cli.give({"cases": documents}, table("", tuple(map(cli.translate, columns)), rows))


@case.command()
def show(number: str, as_: As = None, json: Json = False) -> None:
    """One case: whose it is, where it stands, what is known, what you may do now, what runs out when."""
    by = as_ or cli.settings.actor or None
    view = views.case(cli.store, number, by)
    mine = cli.translate("column.allowed" if by else "reading.allowed_anybody")
    allowed = [named_move(cli.locale, view.case.kind, move) for move in view.allowed]
    known = {name: value for name, value in view.known.items() if name != "nature"}
    rows = [
        *_columns_of(view.case, view.known.get("nature")),
        *_customer_rows(view.customer),
        *_letters(view),
        *customer_doubts(view.unusable, view.questions),
        *labelled(cli.locale, view.case.kind, known, indicator_names_at(cli.store, cli.store.now())),
        *(link.row(cli.locale) for link in view.links),
        *attachments.rows_of_case(view.attachments),
        (mine, ", ".join(allowed) or "–"),
    ]
    document = {
        **views.case_document(view.case),
        "customer": asdict(view.customer) if view.customer else None,
        "unusable": view.unusable,
        "same_person": [question_document(question) for question in view.questions],
        "allowed": view.allowed,
        "links": [link.document() for link in view.links],
        "attachments": [attachment.document() for attachment in view.attachments],
        **_timer_document(view.timers),
    }
    cli.give(document, table(number, ("", ""), rows), _timer_table(view.timers))


def _customer_rows(customer: views.CustomerView | None) -> list[tuple[str, Any]]:
    """Return what is known of the customer, as pairs of name and value."""
    known = asdict(customer) if customer else {}
    return [(cli.translate(f"reading.{name}"), value) for name, value in known.items() if value]


def _letters(view: views.CaseView) -> list[tuple[str, str]]:
    """Return where the messages of a customer's case go; for staff only."""
    if view.customer is None or lifecycle_of(view.case.kind).internal:
        return []
    return [letters_row(view.customer.email)]


def _columns_of(row: CaseRow, nature: str | None) -> list[tuple[str, Any]]:
    """Return what every case has, as pairs of name and value."""

    def text(sort: str, code: str | None) -> str:
        return label(cli.locale, row.kind, sort, code or "–")

    return [
        (cli.translate("desk.column.kind"), kind_label(cli.locale, row.kind, nature)),
        (cli.translate("column.state"), text("state", row.state)),
        (cli.translate("column.level"), text("level", str(row.level))),
        (cli.translate("column.round"), row.cycle),
        (cli.translate("column.category"), text("category", row.category)),
        (cli.translate("column.severity"), text("severity", row.severity)),
        (cli.translate("desk.column.customer_type"), text("customer_type", row.customer_type)),
        (cli.translate("column.department"), text("department", row.department)),
        (cli.translate("column.owner"), row.owner),
        (cli.translate("column.opened"), local(from_micros(row.opened_at))),
    ]


case.command()(case_moves.do)


@case.command()
def history(number: str, json: Json = False) -> None:
    """Every move of a case, and what was said."""
    found = history_of_case(cli.store, number)
    columns = ("seq", "occurred", "move", "state", "level", "actor", "via", "said")
    rows = [
        (
            move.seq,
            local(move.occurred_at),
            label(cli.locale, found.kind, "move", move.move) + (" *" if move.inferred else ""),
            label(cli.locale, found.kind, "state", move.dest),
            move.level,
            move.actor,
            " · ".join(filter(None, (label(cli.locale, found.kind, "via", move.via), move.system_user))),
            move.summary(cli.locale, found.kind, width=120),
        )
        for move in found.moves
    ]
    document = {"case": number, "transitions": [move.document() for move in found.moves]}
    cli.give(document, table(number, tuple(cli.translate(f"column.{name}") for name in columns), rows))


@case.command("clocks")
def timers(
    number: str,
    explain: Annotated[bool, typer.Option("--explain")] = False,
    json: Json = False,
) -> None:
    """Every promise of a case: its budget, what is used, when it is due, what fires when, and where it comes from."""
    from apps.cli.forecast import forecast_parts
    from apps.forecast_documents import forecasts_document
    from apps.principal_forecast import forecasts_of_case

    of_case = views.timers(cli.store, number)
    days = _days_of(of_case.timers) if explain else [[] for _ in of_case.timers]
    document = _timer_document(of_case)
    explained: list[FittedTable | str] = []
    if explain:
        counted = list(zip(of_case.timers, days, strict=True))
        document["clocks"] = [timer.document() | {"days": [day.document() for day in own]} for timer, own in counted]
        explained = [_day_table(timer, of_case.kind, own) for timer, own in counted]
    seen = forecasts_of_case(cli.store, number, cli.store.now())
    document["forecast"] = forecasts_document(seen, cli.locale)
    cli.give({"case": number, **document}, _timer_table(of_case), *forecast_parts(seen), *explained)


def _timer_document(of_case: views.CaseTimers) -> dict[str, Any]:
    return {"clocks": [timer.document() for timer in of_case.timers], "limits_not_set": of_case.unset}


def _days_of(timers_: list[TimerView]) -> "list[list[CountedDay]]":
    """Return how each timer was counted, day by day."""
    from apps.timer_explanation import counted_days
    from engine.rules.in_force import rules_of

    rules = rules_of(cli.store)
    return [list(counted_days(timer, rules.calendar(timer.calendar), cli.locale)) for timer in timers_]


def _day_table(timer: TimerView, kind: str, days: "list[CountedDay]") -> FittedTable | str:
    from apps.timer_explanation import row_of

    title = f"{timer.promise(kind, cli.locale)} · {timer.limit(cli.locale)} · {timer.calendar}"
    if not days:
        return cli.translate("clocks.not_told", clause=title)
    columns = ("column.day", "column.sort", "clocks.hours", "column.counts", "clocks.paused", "column.so_far")
    return table(title, tuple(map(cli.translate, columns)), (row_of(day, cli.locale) for day in days))


def _timer_table(of_case: views.CaseTimers) -> FittedTable:
    columns = ("promise", "round", "limit", "used", "due", "state", "fires", "steps", "source")
    rows = [
        (
            timer.promise(of_case.kind, cli.locale),
            timer.cycle,
            timer.limit(cli.locale),
            f"{timer.used_percent} %",
            timer.due(cli.locale),
            timer.state(cli.locale),
            local(timer.fires_at) + (f" ({cli.translate('deadline.unsure')})" if timer.provisional else ""),
            timer.steps(),
            timer.origin(cli.locale),
        )
        for timer in of_case.timers
    ]
    unset = cli.translate("desk.limit_not_set")
    rows += [(label(cli.locale, of_case.kind, "clause", name), "", unset, *("–",) * 6) for name in of_case.unset]
    return table("", tuple(cli.translate(f"column.{name}") for name in columns), rows)
