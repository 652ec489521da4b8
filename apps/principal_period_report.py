"""The report of a month, quarter or year as a principal may take it, as a workbook or PDF (E2, B7)."""

from datetime import datetime

from apps.indicator_book import definitions_sheet, figures_sheet, trends_sheet
from apps.paper_files import notes_sheet, pdf_of, refuse_other_formats, section_sheets
from apps.principal_indicators import refuse_ahead, refuse_figures
from engine.access.principal import Principal
from engine.store import Store
from gateways.writing.figure_book import figure_book
from locales.zone import reader_zone
from reports.indicators.periods import Period
from reports.period_report import gather
from reports.period_report_text import period_paper
from statemachines.refused import Refused


def period_report_taken(
    store: Store, principal: Principal, period: Period, file_format: str, as_of: datetime, at: datetime, locale: str
) -> bytes:
    """Return the report by what was recorded at ``as_of``, as a file; ``at`` is now.

    Raises ``Refused('not_in_charge' | 'paper_format' | 'bad_period' | 'as_of_ahead')``.
    """
    refuse_figures(principal)
    refuse_other_formats(file_format)
    refuse_ahead(as_of, at)
    if period.first > as_of.astimezone(reader_zone()).date():
        raise Refused("bad_period", value=period.name)
    report = gather(store, period, as_of)
    paper = period_paper(report, locale)
    if file_format == "pdf":
        return pdf_of(paper, locale)
    figures = figures_sheet([(line.indicator, line.figure) for line in report.lines], as_of, locale)
    trends = trends_sheet([(line.indicator, line.trend) for line in report.lines], locale)
    definitions = definitions_sheet([line.indicator for line in report.lines], locale)
    return figure_book([notes_sheet(paper, locale), *section_sheets(paper.sections), figures, trends, definitions])
