"""The regulator's pack as a principal may take it, as a workbook or PDF; one with names in it is recorded (F1, H1)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apps.indicator_book import definitions_sheet, figures_sheet
from apps.paper_files import notes_sheet, pdf_of, refuse_other_formats, section_sheets
from apps.principal_reports import refuse_others
from engine.access.principal import Principal
from engine.access.scope import UNLIMITED, cases_in_scope
from engine.audit.export_access import Taken, record_export, require_whole_log
from engine.rules.in_force import rules_in
from engine.store import Store
from gateways.writing.figure_book import figure_book
from models.columns import to_micros
from models.paper import Paper
from reports.indicators.periods import Period
from reports.pseudonymisation import Pseudonymisation
from reports.regulator_pack import RegulatorPack, gather
from reports.regulator_pack_text import pack_paper
from statemachines.complaint import COMPLAINT
from statemachines.refused import Refused
from statemachines.roles import Role

TAKES_PACK: Final = frozenset({Role.EVALUATION_GROUP, Role.GENERAL_MANAGER, Role.AUDITOR})
"""The roles that answer to a regulator, and read every case that the pack lists."""
MOST: Final = {"pdf": 5_000, "xlsx": 100_000}
"""The most complaints received in the period, by format: about thirty are a page, and a workbook is made in memory."""


@dataclass(frozen=True, slots=True)
class WantedPack:
    """Which pack is asked for; ``reason`` is why people shall stand in it by name, None for pseudonyms."""

    period: Period
    as_of: datetime
    format: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class TakenPack:
    """The file, and how many complaints and appeals are in it."""

    content: bytes
    complaints: int
    appeals: int


def pack_taken(store: Store, principal: Principal, wanted: WantedPack, at: datetime, locale: str) -> TakenPack:
    """Return the pack; record it first if it holds names.

    Raises ``Refused('not_in_charge' | 'as_of_ahead' | 'paper_format' | 'pack_too_long')``, and for names
    ``Refused('pack_reason' | 'export_whole')``.
    """
    if principal.kind not in UNLIMITED:
        refuse_others(principal, TAKES_PACK)
    if wanted.as_of > at:
        raise Refused("as_of_ahead", as_of=wanted.as_of.isoformat(), now=at.isoformat())
    refuse_other_formats(wanted.format)
    _record_names(store, principal, wanted, at)
    with store.looking() as tx:
        scope, as_of = cases_in_scope(principal, at), to_micros(wanted.as_of)
        pack = gather(tx, rules_in(tx), wanted.period, as_of, scope, MOST[wanted.format])
    people = Pseudonymisation(store.secret, whole=wanted.reason is not None)
    paper = pack_paper(pack, people, wanted.reason or "", locale)
    content = _workbook(pack, paper, wanted.as_of, locale) if wanted.format == "xlsx" else pdf_of(paper, locale)
    return TakenPack(content, len(pack.complaints), len(pack.appeals))


def _record_names(store: Store, principal: Principal, wanted: WantedPack, at: datetime) -> None:
    if wanted.reason is None:
        return
    if not wanted.reason.strip():
        raise Refused("pack_reason")
    handle = principal.actor.handle
    require_whole_log(store, handle, at)
    since = to_micros(datetime.combine(wanted.period.first, datetime.min.time(), wanted.as_of.tzinfo))
    taken = Taken(wanted.format, handle, COMPLAINT.kind, since, wanted.period.name, wanted.reason.strip())
    record_export(store, taken, at)


def _workbook(pack: RegulatorPack, paper: Paper, as_of: datetime, locale: str) -> bytes:
    """Return the workbook: notes, the figures as numbers, a sheet for each section, and the definitions."""
    figures = figures_sheet(pack.statistics, as_of, locale)
    sections = section_sheets(paper.sections[1:])  # the first one holds the figures as texts
    definitions = definitions_sheet([indicator for indicator, _ in pack.statistics], locale)
    return figure_book([notes_sheet(paper, locale), figures, *sections, definitions])
