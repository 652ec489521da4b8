"""Commands about conduct: conduct draw, list, show, score, own, object, answer, figures, checklists, publish (F5)."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from apps.cli.conduct_tables import (
    checklist_table,
    conduct_text,
    contact_parts,
    draw_parts,
    draws_table,
    figures_table,
    own_sheet_parts,
    score_text,
)
from apps.cli.context import As, FileEncoding, Json, cli
from apps.cli.current_rules import current_rules, publish_file
from apps.cli.number_options import whole_argument, whole_option
from apps.cli.reports import date_of
from apps.conduct_documents import contact_document, sheet_document
from apps.principal_conduct import (
    answer_for,
    conduct_figures_seen,
    contact_seen,
    draw_for,
    draw_seen,
    draws_seen,
    object_for,
    own_sheets_seen,
    period_of,
    score_for,
)
from engine.conduct.draws import MOST, WantedSample
from engine.conduct.score import GivenMark, Outcome
from engine.conduct.sheets import GivenSheet
from engine.rules.in_force import Sort
from reports.conduct_figures import GroupedBy

conduct = typer.Typer(no_args_is_help=True)

Day = Annotated[str, typer.Option(metavar="YYYY-MM-DD")]
Items = Annotated[list[str] | None, typer.Option(metavar="ITEM")]
Noted = Annotated[list[str] | None, typer.Option(metavar="ITEM=NOTE")]
Draw = Annotated[int, whole_argument(least=1)]
Sheet = Annotated[int, whole_argument(least=1)]
Words = Annotated[str, typer.Option("--text")]
By = Annotated[GroupedBy, typer.Option()]


@conduct.command("draw")
def draw_(
    since: Day,
    until: Day,
    channel: Annotated[str, typer.Option()],
    size: Annotated[int, whole_option(least=1, most=MOST)] = 20,
    department: Annotated[str | None, typer.Option()] = None,
    staff: Annotated[str | None, typer.Option()] = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """Draw contacts at random to be scored; the draw is recorded with its seed and its population."""
    begin, end = period_of(date_of(since), date_of(until))
    wanted = WantedSample(channel, begin, end, size, department, staff)
    principal = cli.principal(cli.actor(as_))
    draw_id = draw_for(cli.store, principal, wanted, cli.working_time())
    drawn = draw_seen(cli.store, principal, draw_id, cli.store.now()).draw
    cli.give(
        asdict(drawn),
        conduct_text("drawn", id=drawn.id, drawn=drawn.drawn, population=drawn.population, seed=drawn.seed),
    )


@conduct.command("list")
def list_(as_: As = None, json: Json = False) -> None:
    """The draws, newest first: who drew what when, how many contacts are scored, what was drawn before."""
    draws = draws_seen(cli.store, cli.principal(as_))
    cli.give({"draws": [asdict(each) for each in draws]}, draws_table(draws) if draws else conduct_text("none"))


@conduct.command()
def show(
    draw: Draw,
    position: Annotated[int | None, whole_argument(least=1)] = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """A draw with its contacts, drawn again to check it; or one contact with its text and its sheets."""
    principal, now = cli.principal(as_), cli.store.now()
    if position is None:
        found = draw_seen(cli.store, principal, draw, now)
        cli.give(asdict(found), *draw_parts(found))
    else:
        seen = contact_seen(cli.store, principal, draw, position, now)
        cli.give(contact_document(seen), *contact_parts(seen))


@conduct.command()
def score(
    draw: Draw,
    position: Annotated[int, whole_argument(least=1)],
    passed: Items = None,
    failed: Noted = None,
    not_observed: Items = None,
    corrects: Annotated[int, whole_option(least=0)] = 0,
    reason: Annotated[str, typer.Option()] = "",
    as_: As = None,
    json: Json = False,
) -> None:
    """Score a drawn contact: each item passed, failed (with a note) or not observed; a correction needs a reason."""
    marks = {item: GivenMark(Outcome.PASSED) for item in passed or ()}
    marks |= {item: GivenMark(Outcome.NOT_OBSERVED) for item in not_observed or ()}
    for item, _, note in (entry.partition("=") for entry in failed or ()):
        marks[item] = GivenMark(Outcome.FAILED, note)
    given = GivenSheet(draw, position, corrects, marks, reason)
    sheet = score_for(cli.store, cli.principal(cli.actor(as_)), given, cli.working_time())
    values = {"score": score_text(sheet.score), "observed": sheet.observed, "revision": sheet.revision}
    cli.give(sheet_document(sheet), conduct_text("scored", draw=draw, position=position, **values))


@conduct.command()
def own(as_: As = None, json: Json = False) -> None:
    """The sheets about your own contacts, with the number by which you object to one."""
    sheets = own_sheets_seen(cli.store, cli.principal(cli.actor(as_)))
    parts = [part for each in sheets for part in own_sheet_parts(each.sheet)]
    cli.give({"sheets": [sheet_document(each.sheet) for each in sheets]}, *(parts or [conduct_text("none_of_own")]))


@conduct.command("object")
def object_(sheet: Sheet, text: Words, as_: As = None, json: Json = False) -> None:
    """Object to the newest sheet about a contact of your own, once; somebody else than its author answers."""
    object_for(cli.store, cli.principal(cli.actor(as_)), sheet, text, cli.working_time())
    cli.give({"sheet": sheet}, conduct_text("objected", sheet=sheet))


@conduct.command()
def answer(sheet: Sheet, text: Words, as_: As = None, json: Json = False) -> None:
    """Answer an objection; whoever scored the contact may not."""
    answer_for(cli.store, cli.principal(cli.actor(as_)), sheet, text, cli.working_time())
    cli.give({"sheet": sheet}, conduct_text("answered", sheet=sheet))


@conduct.command()
def figures(since: Day, until: Day, by: By = GroupedBy.PERSON, as_: As = None, json: Json = False) -> None:
    """How scored contacts were found, by person, department or channel: shares with their intervals, no ranking."""
    begin, end = period_of(date_of(since), date_of(until))
    groups = conduct_figures_seen(cli.store, cli.principal(as_), begin, end, by)
    document = {"since": begin, "until": end, "by": by.value, "groups": [asdict(each) for each in groups]}
    cli.give(document, figures_table(groups, by), conduct_text("no_ranking"))


@conduct.command()
def checklists(json: Json = False) -> None:
    """The checklists in force: what is looked at in each channel, with weight and source."""
    current = current_rules()
    found = list(current.rules.checklists(current.now).values())
    cli.give({"checklists": [each.model_dump(mode="json") for each in found]}, *map(checklist_table, found))


@conduct.command()
def publish(
    file: Path,
    reason: Annotated[str, typer.Option()],
    effective_from: Annotated[str, typer.Option("--effective")],
    as_: As = None,
    encoding: FileEncoding = None,
    json: Json = False,
) -> None:
    """Publish a checklist from a file: only the evaluation group does, with a date from which it holds."""
    publish_file(Sort.CHECKLIST, file, reason, effective_from, as_)
