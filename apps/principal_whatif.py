"""The past under other rules as a principal may see it: of the cases that he may read (F4, K1)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Final
from zoneinfo import ZoneInfo

from apps.principal_reports import refuse_others
from apps.principal_rules import READS_RULES
from engine.access.principal import Principal
from engine.access.scope import UNLIMITED, cases_in_scope
from engine.calendars.calendar import Calendar, calendars_in
from engine.rules.drafts import DraftRow, draft_of
from engine.rules.in_force import WITHOUT_TIMERS, Rules, Sort, rules_of
from engine.rules.policy import checked
from engine.store import Store
from models.columns import to_micros
from reports.whatif.comparison import ComparedClock
from reports.whatif.figures import WhatIf
from reports.whatif.other_rules import OtherRules
from reports.whatif.record import Filter, has_pack
from reports.whatif.whatif import changed_clocks, whatif
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused

MOST: Final = 5
"""The most packs that are compared side by side."""


@dataclass(frozen=True, slots=True)
class RuleText:
    """Rules that are asked for: by name as they are in force, or the text of a file of that name."""

    name: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: packs and a calendar, and which cases and clocks are reckoned; ``of`` names their pack."""

    packs: Sequence[RuleText]
    calendar: RuleText | None = None
    since: datetime | None = None
    until: datetime | None = None
    kind: str | None = None
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The rules that are compared, and the cases and clocks that are reckoned."""

    others: list[OtherRules]
    chosen: Filter


def reckoning(store: Store, principal: Principal, asked: Asked, at: datetime) -> Reckoning:
    """Return what is to be reckoned, every text checked as for a publication.

    Raises ``Refused('not_in_charge' | 'no_other_rules' | 'too_many_packs' | 'unknown_pack' | 'bad_pack' |
    'unknown_calendar' | 'bad_calendar' | 'unknown_kind' | 'since_after_until')``.
    """
    _refuse_others(principal)
    if not asked.packs and asked.calendar is None:
        raise Refused("no_other_rules")
    if len(asked.packs) > MOST:
        raise Refused("too_many_packs", count=len(asked.packs), most=MOST)
    if asked.since is not None and asked.until is not None and asked.since >= asked.until:
        raise Refused("since_after_until", since=asked.since.isoformat(), until=asked.until.isoformat())
    rules, now = rules_of(store), to_micros(at)
    changed, on_all = _calendars(rules, asked.calendar)
    base = OtherRules(rules, now, changed=changed, calendar_of_all=on_all)
    others = [_with_pack(base, each) for each in asked.packs] or [base]
    kind = None if asked.kind is None else lifecycle_of(asked.kind).kind
    of = _pack_of_cases(store, rules, others[0], asked.of, now)
    return Reckoning(others, Filter(asked.since, asked.until, kind, of, cases_in_scope(principal, at)))


def _refuse_others(principal: Principal) -> None:
    if principal.kind not in UNLIMITED:
        refuse_others(principal, READS_RULES)


def _calendars(rules: Rules, asked: RuleText | None) -> tuple[Mapping[str, Calendar], str]:
    """Return the changed calendars, and the name of the one for every limit."""
    if asked is None:
        return {}, ""
    if asked.text is not None:
        return calendars_in(asked.text, PurePath(asked.name).name), ""
    return {}, rules.calendar(asked.name).name


def _with_pack(base: OtherRules, asked: RuleText) -> OtherRules:
    if asked.text is None:
        pack = base.rules.pack(asked.name, base.at)
    else:
        pack = checked(asked.text, PurePath(asked.name).name, base.calendar)
    return base.with_pack(pack)


def _pack_of_cases(store: Store, rules: Rules, other: OtherRules, named: str | None, now: int) -> str | None:
    """Return the pack whose cases are reckoned: the named one, else that of the same name if it has cases, else any."""
    if named is not None:
        return rules.pack(named, now).name
    if other.pack is None:
        return None
    with store.looking() as tx:
        return other.pack.name if has_pack(tx, other.pack.name) else None


def whatif_seen(store: Store, asked: Reckoning, at: datetime, zone: ZoneInfo, *, processes: int = 1) -> list[WhatIf]:
    """Return what each of the rules would have done; a long past is divided between ``processes``."""
    return whatif(store, asked.others, asked.chosen, at, zone, processes=processes)


def changed_seen(store: Store, asked: Reckoning, at: datetime) -> Iterator[ComparedClock]:
    """Yield the clocks that would have ended otherwise under the first of the rules."""
    return changed_clocks(store, asked.others[0], asked.chosen, at)


def draft_reckoning(store: Store, principal: Principal, draft_id: int, at: datetime) -> tuple[DraftRow, Reckoning]:
    """Return a draft and what is to be reckoned under it: of a pack its own cases, of a calendar all.

    Raises ``Refused('unknown_draft' | 'unknown_address')``, the latter for rules without timers, and as ``reckoning``.
    """
    refuse_others(principal, READS_RULES)
    with store.looking() as tx:
        draft = draft_of(tx, draft_id)
    if draft.sort in WITHOUT_TIMERS:
        raise Refused("unknown_address")
    text = RuleText(draft.name, draft.content)
    asked = Asked([text], of=draft.name) if draft.sort == Sort.PACK else Asked([], text)
    return draft, reckoning(store, principal, asked, at)
