"""Draws, drawn contacts, sheets and figures of conduct as tables and texts of the command line."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from apps.cli.context import cli, local, table
from apps.fitted_table import FittedTable
from apps.principal_conduct import SeenContact, SeenDraw
from engine.conduct.sheet_rows import DrawRow, SheetRow
from engine.rules.checklists import Checklist
from locales.translation import DEFAULT, label, locales
from locales.zone import reader_zone
from reports.conduct_figures import ChecklistFigures, GroupedBy, GroupFigures


def conduct_text(key: str, **params: Any) -> str:
    """Return a text of these commands."""
    return cli.translate(f"conduct.{key}", **params)


def draws_table(draws: Iterable[DrawRow]) -> FittedTable:
    """Return the list of draws."""
    rows: list[tuple[Any, ...]] = []
    for draw in draws:
        period = " – ".join(map(str, _days(draw)))
        scored = f"{draw.scored} / {draw.drawn}"
        at, channel = local(draw.drawn_at), channel_name(draw.channel)
        rows.append((draw.id, draw.drawn_by, at, channel, period, draw.population, scored, draw.earlier))
    columns = ("id", "drawn_by", "drawn_at", "channel", "period", "population", "scored", "earlier")
    return table(conduct_text("draws"), _columns(*columns), rows)


def draw_parts(seen: SeenDraw) -> list[Any]:
    """Return a draw with its contacts, and whether it gives the same again."""
    draw, again = seen.draw, seen.again
    rows = [
        (
            each.position, each.number, label(cli.locale, each.kind or "", "move", each.move or "") or None, each.staff,
            each.department and label(cli.locale, "", "department", each.department), local(each.occurred_at),
            score_text(each.score), each.observed,
        )
        for each in seen.contacts
    ]  # fmt: skip
    columns = _columns("position", "case", "what", "staff", "department", "at", "score", "observed")
    since, until = _days(draw)
    same = again.same_population and again.same_sample
    return [
        table(conduct_text("draw", id=draw.id, drawn_by=draw.drawn_by), columns, rows),
        conduct_text(
            "population", at=local(draw.drawn_at), population=draw.population, channel=channel_name(draw.channel),
            since=since, until=until, seed=draw.seed, earlier=draw.earlier,
        ),
        conduct_text("again_same" if same else "again_other", population=again.population),
    ]  # fmt: skip


def contact_parts(seen: SeenContact) -> list[Any]:
    """Return a contact with its texts, what is looked at, and its sheets."""
    values = {"draw": seen.draw_id, "position": seen.position, "staff": seen.staff, "at": local(seen.occurred_at)}
    form = seen.move.form
    texts = [form[name] or conduct_text("text_erased") for name in form if name in seen.move.statements]
    sheets = [part for sheet in seen.sheets for part in sheet_parts(sheet)]
    return [conduct_text("contact", **values), seen.number, *texts, checklist_table(seen.checklist), *sheets]


def sheet_parts(sheet: SheetRow) -> list[Any]:
    """Return a sheet with its marks and what was written about it."""
    values = {"by": sheet.scored_by, "at": local(sheet.scored_at), "observed": sheet.observed}
    title = conduct_text("sheet", revision=sheet.revision, score=score_text(sheet.score), **values)
    rows = [(each.item, label(cli.locale, "", "conduct_outcome", each.outcome), each.note) for each in sheet.marks]
    texts = {"reason": sheet.reason, "objection": sheet.objection, "answer": sheet.answer}
    return [
        table(title, _columns("item", "outcome", "note"), rows),
        *(conduct_text(name, text=text, by=sheet.answered_by) for name, text in texts.items() if text),
    ]


def own_sheet_parts(sheet: SheetRow) -> list[Any]:
    """Return a sheet about a contact of the reader's own, after its number."""
    return [
        conduct_text("own_sheet", id=sheet.id, channel=channel_name(sheet.channel), at=local(sheet.occurred_at)),
        *sheet_parts(sheet),
    ]


def checklist_table(checklist: Checklist) -> FittedTable:
    """Return what a checklist looks at, in the reader's language."""
    language = cli.locale if cli.locale in locales() else DEFAULT
    channels = ", ".join(map(channel_name, checklist.channels))
    title = conduct_text("checklist", name=checklist.name, version=checklist.version, channels=channels)
    rows = [(item.code, item.text[language], item.weight, item.source) for item in checklist.items]
    return table(title, _columns("item", "looked_at", "weight", "source"), rows)


def figures_table(groups: Iterable[GroupFigures], by: GroupedBy) -> FittedTable:
    """Return the figures, a row for each group and version of a checklist."""
    rows = [
        (_group_name(by, group.name), group.drawn, group.unscored, *(_figures(each) if each else (None,) * 6))
        for group in groups
        for each in group.checklists or (None,)
    ]
    name = label(cli.locale, "", "conduct_group", by.value)
    columns = _columns("drawn", "unscored", "checklist", "scored", "nothing_observed", "observed", "share", "interval")
    return table(conduct_text("figures", by=name), (name, *columns), rows)


def score_text(score: int | None) -> str:
    """Return a score in points of 100; a dash where there is none."""
    return "–" if score is None else f"{score / 100:g}"


def channel_name(channel: str) -> str:
    """Return the label of a channel."""
    return label(cli.locale, "", "conduct_channel", channel)


def _figures(found: ChecklistFigures) -> tuple[Any, ...]:
    interval = None
    if found.least is not None and found.most is not None:
        interval = conduct_text("interval", least=f"{100 * found.least:.1f}", most=f"{100 * found.most:.1f}")
    shares = [None if each is None else f"{100 * each:.1f} %" for each in (found.observed, found.share)]
    return f"{found.checklist}@{found.version}", found.scored, found.nothing_observed, *shares, interval


def _group_name(by: GroupedBy, name: str) -> str | None:
    sort = {GroupedBy.DEPARTMENT: "department", GroupedBy.CHANNEL: "conduct_channel"}.get(by)
    return name or None if sort is None or not name else label(cli.locale, "", sort, name)


def _days(draw: DrawRow) -> tuple[date, date]:
    """Return the first and the last day of a draw's period."""
    zone = reader_zone()
    return draw.since.astimezone(zone).date(), (draw.until - draw.until.resolution).astimezone(zone).date()


def _columns(*columns: str) -> tuple[str, ...]:
    return tuple(conduct_text(f"column.{name}") for name in columns)
