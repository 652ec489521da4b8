"""Commands about indicators: kpi list, show, explain, cases, export, publish, import-orders."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli.completed_orders import import_orders
from apps.cli.context import As, FileEncoding, Json, cli, instant, local, table
from apps.cli.current_rules import edition_document, publish_file
from apps.cli.private_files import write_private
from apps.indicator_documents import definition_document, indicator_document, listed_document
from apps.indicator_drill_down import ASKED_COLUMNS, CAUSE_COLUMNS, asked_rows, cause_rows
from apps.principal_indicators import SeenIndicator, cases_seen, explained, indicator_seen, indicators_seen
from apps.reread_texts import reread_texts
from engine.rules.in_force import Sort
from engine.rules.indicator_definition import Indicator
from locales.zone import reader_zone
from reports.indicators.indicator_text import (
    figure_text,
    filters_text,
    group_text,
    label_of,
    meaning_of,
    quality_texts,
    sample_text,
    target_text,
)
from reports.indicators.periods import Period, month_before, period_of

kpi = typer.Typer(no_args_is_help=True)

PeriodName = Annotated[str | None, typer.Option("--period", metavar="YYYY-MM|YYYY-Qn|YYYY")]
AsOf = Annotated[str | None, typer.Option("--as-of")]
By = Annotated[list[str] | None, typer.Option("--by")]
Out = Annotated[Path, typer.Option()]
Effective = Annotated[str, typer.Option("--effective")]
Why = Annotated[str, typer.Option()]


@kpi.command("list")
def list_(period: PeriodName = None, as_of: AsOf = None, as_: As = None, json: Json = False) -> None:
    """Every indicator in force, with its figure of a period and its target."""
    now = cli.store.now()
    chosen, then = _period(period, now), _as_of(as_of, now)
    found = indicators_seen(cli.store, cli.principal(as_), chosen, then, now)
    rows = [
        (indicator.name, label_of(indicator, cli.locale), figure_text(indicator, figure, cli.locale),
         target_text(indicator, figure, cli.locale), sample_text(figure, cli.locale))
        for indicator, figure in found
    ]  # fmt: skip
    document = {"period": chosen.name, "as_of": then, "indicators": [listed_document(*each, then) for each in found]}
    title = _text("title", period=chosen.name, as_of=local(then))
    cli.give(document, table(title, _columns("name", "label", "value", "target", "sample"), rows))


@kpi.command()
def show(
    name: str, period: PeriodName = None, as_of: AsOf = None, by: By = None, as_: As = None, json: Json = False
) -> None:
    """An indicator in a period: value, target, trend, by what it is made up, and what changed since it was read."""
    now = cli.store.now()
    then = _as_of(as_of, now)
    seen = indicator_seen(cli.store, cli.principal(as_), name, _period(period, now), then, now, tuple(by or ()))
    cli.give(indicator_document(seen), *_shown(seen))


@kpi.command()
def explain(name: str, json: Json = False) -> None:
    """What an indicator counts, of what, by which source, and its published editions."""
    indicator, editions = explained(cli.store, name, cli.store.now())
    document = {**definition_document(indicator), "editions": [edition_document(edition) for edition in editions]}
    rows = [
        (_text("row.meaning"), meaning_of(indicator, cli.locale)),
        (_text("row.statistic"), cli.translate(f"kpi.statistic.{indicator.statistic.value}")),
        *((_text(f"row.{side}"), _side(indicator, side)) for side in indicator.sides),
        *((_text("row.part"), f"{part.indicator} · {part.weight} %") for part in indicator.parts),
        (_text("row.target"), _own_target(indicator)),
        (_text("row.smallest_sample"), indicator.smallest_sample),
        (_text("row.zone"), indicator.zone),
        (_text("row.source"), indicator.source),
    ]
    title = f"{label_of(indicator, cli.locale)} · {indicator.name}@{indicator.version}"
    cli.give(document, table(title, _columns("what", "says"), rows))


@kpi.command()
def cases(name: str, period: PeriodName = None, as_of: AsOf = None, as_: As = None, json: Json = False) -> None:
    """The numbers of the cases behind an indicator: those of its numerator, and of its denominator."""
    now = cli.store.now()
    chosen, then = _period(period, now), _as_of(as_of, now)
    found = cases_seen(cli.store, cli.principal(as_), name, chosen, then, now)
    shown = [f"{_text(f'row.{side}')} ({len(numbers)}): {', '.join(numbers) or '–'}" for side, numbers in found.items()]
    cli.give({"name": name, "period": chosen.name, "as_of": then, **found}, *shown)


@kpi.command()
def export(out: Out, period: PeriodName = None, as_of: AsOf = None, as_: As = None, json: Json = False) -> None:
    """Every figure of a period with trend and definition as a workbook (XLSX)."""
    from apps.indicator_book import indicator_book  # it and the report import what no figure alone needs

    now = cli.store.now()
    chosen, then = _period(period, now), _as_of(as_of, now)
    content = indicator_book(cli.store, cli.principal(as_), chosen, then, now, cli.locale)
    write_private(out, content)
    count = len(indicators_seen(cli.store, cli.principal(as_), chosen, then, now))
    document = {"file": str(out), "period": chosen.name, "as_of": then, "indicators": count}
    cli.give(document, _text("exported", file=out, period=chosen.name, count=count))


@kpi.command()
def report(out: Out, period: PeriodName = None, as_of: AsOf = None, as_: As = None, json: Json = False) -> None:
    """The report of a period for managers: indicators with trend, causes, cost, handling (XLSX or PDF)."""
    from apps.principal_period_report import period_report_taken

    now = cli.store.now()
    chosen, then, file_format = _period(period, now), _as_of(as_of, now), out.suffix.removeprefix(".").lower()
    content = period_report_taken(cli.store, cli.principal(as_), chosen, file_format, then, now, cli.locale)
    write_private(out, content)
    text = cli.translate("period_report.written", file=out, period=chosen.name)
    cli.give({"file": str(out), "period": chosen.name, "as_of": then}, text)


@kpi.command()
def publish(
    file: Path,
    reason: Why,
    effective_from: Effective,
    as_: As = None,
    encoding: FileEncoding = None,
    json: Json = False,
) -> None:
    """Publish an indicator from a file: only the evaluation group does, with a date from which it counts."""
    publish_file(Sort.INDICATOR, file, reason, effective_from, as_)


kpi.command("import-orders")(import_orders)


def _period(name: str | None, now: datetime) -> Period:
    """Return the period of that name; without one the last month that is over."""
    return period_of(name) if name is not None else month_before(now.astimezone(reader_zone()).date())


def _as_of(text: str | None, now: datetime) -> datetime:
    return now if text is None else instant(text)


def _shown(seen: SeenIndicator) -> list[Any]:
    indicator, locale = seen.indicator, cli.locale
    title = f"{label_of(indicator, locale)} · {seen.period.name} · {_text('as_of', as_of=local(seen.as_of))}"
    parts: list[Any] = []
    if seen.whole is not None:
        rows = [
            (_text("row.value"), figure_text(indicator, seen.whole, locale)),
            (_text("row.target"), target_text(indicator, seen.whole, locale)),
            (_text("row.sample"), sample_text(seen.whole, locale)),
            (_text("row.source"), indicator.source),
        ]
        parts.append(table(title, _columns("what", "says"), rows))
    if seen.groups:
        rows = [
            (group_text(each.group, locale), figure_text(indicator, each, locale), sample_text(each, locale),
             seen.bands.get(each.group))
            for each in seen.groups
        ]  # fmt: skip
        parts.append(table(_text("groups"), _columns("group", "value", "sample", "band"), rows))
    if seen.causes:
        parts.append(_drill_down("causes", CAUSE_COLUMNS, cause_rows(seen, locale)))
    if seen.asked:
        parts.append(_drill_down("asked", ASKED_COLUMNS, asked_rows(seen, locale)))
    parts += quality_texts(seen.quality, locale)
    parts += reread_texts(indicator, seen.reread, locale)
    if seen.trend:
        signals = seen.chart.signals if seen.chart is not None else ((),) * len(seen.trend)
        rows = [
            (each.period.name, figure_text(indicator, each, locale), ", ".join(_text(f"rule.{rule}") for rule in rules))
            for each, rules in zip(seen.trend, signals, strict=True)
        ]
        parts.append(table(_trend_title(seen), _columns("period", "value", "signal"), rows))
    return parts


def _drill_down(title: str, columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Any:
    heads = [_text(f"drill_down.column.{name}") for name in columns]
    return table(_text(f"drill_down.{title}"), heads, rows)


def _trend_title(seen: SeenIndicator) -> str:
    if seen.chart is None:
        return _text("trend")
    chart = seen.chart
    return _text("chart", centre=_plain(chart.centre), lower=_plain(chart.lower), upper=_plain(chart.upper))


def _side(indicator: Indicator, name: str) -> str:
    side = indicator.sides[name]
    query = cli.translate(f"kpi.query.{side.query}")
    filters = filters_text(indicator.filters_of(side), cli.locale)
    return f"{query} ({side.query}){f' · {filters}' if filters else ''}"


def _own_target(indicator: Indicator) -> str:
    if indicator.target is not None:
        return f"{indicator.target.operator} {_plain(indicator.target.amount)} · {indicator.target.source}"
    return _text("pack_target", name=indicator.pack_target) if indicator.pack_target else "–"


def _plain(number: Decimal) -> str:
    return f"{number:f}".rstrip("0").rstrip(".") if "." in f"{number:f}" else f"{number:f}"


def _columns(*names: str) -> tuple[str, ...]:
    return tuple(_text(f"column.{name}") for name in names)


def _text(key: str, **params: Any) -> str:
    return cli.translate(f"kpi.{key}", **params)
