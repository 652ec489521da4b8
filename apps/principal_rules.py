"""Rules and their drafts as a principal may see and change them, for any door that serves principals (F4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from apps.principal_reports import refuse_others
from engine.access.principal import Principal
from engine.rules import drafts
from engine.rules.checklists import Checklist
from engine.rules.draft_checks import FaultAtLine, faults_of
from engine.rules.drafts import DraftRow
from engine.rules.editions import EditionRow, editions
from engine.rules.in_force import Rules, Sort, rules_in
from engine.rules.interpretations import InterpretationRow, interpretations
from engine.rules.policy import Pack
from engine.rules.policy_gaps import Gap, agreed, asked, asked_bounds, gaps
from engine.rules.questionnaires import Questionnaire
from engine.rules.rule_texts import ChangedLine, RuleText, changed_lines, text_in_force
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.kinds import lifecycles
from statemachines.refused import Refused
from statemachines.roles import Role

READS_RULES: Final = frozenset({Role.EVALUATION_GROUP, Role.AUDITOR, Role.GENERAL_MANAGER})
DECIDES_RULES: Final = frozenset({Role.EVALUATION_GROUP})
SHOWN = 50
"""The most drafts of a list."""


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """A pack, calendar, questionnaire or checklist in force; ``gaps`` counts what awaits a decision of its owners."""

    sort: Sort
    name: str
    text: RuleText
    gaps: int = 0


@dataclass(frozen=True, slots=True)
class SeenRule:
    """A rule in force with its history; ``approved`` says who approved which edition. Only a pack has gaps."""

    sort: Sort
    name: str
    text: RuleText
    pack: Pack | None
    questionnaire: Questionnaire | None
    checklist: Checklist | None
    gaps: list[Gap]
    editions: list[EditionRow]
    approved: Mapping[int, str]
    interpretations: list[InterpretationRow]


@dataclass(frozen=True, slots=True)
class SeenDraft:
    """A draft, what keeps it from being published, and how it differs from the text in force."""

    draft: DraftRow
    in_force: RuleText
    faults: list[FaultAtLine]
    changes: list[ChangedLine]


def rules_seen(store: Store, principal: Principal, at: datetime) -> tuple[list[RuleInForce], list[DraftRow]]:
    """Return every rule in force, and the drafts. Raises ``Refused('not_in_charge')``."""
    refuse_others(principal, READS_RULES)
    now = to_micros(at)
    with store.looking() as tx:
        rules = rules_in(tx)
        texts = [(sort, name, text_in_force(tx, sort, name, now)) for sort in Sort for name in rules.names(sort)]
        listed = [
            RuleInForce(sort, name, text, len(_gaps(rules, name, at)) if sort is Sort.PACK else 0)
            for sort, name, text in texts
            if text.content
        ]
        return listed, drafts.drafts(tx, SHOWN)


def rule_seen(store: Store, principal: Principal, sort: Sort, name: str, at: datetime) -> SeenRule:
    """Return a rule in force. Raises ``Refused('not_in_charge' | 'unknown_rule')``."""
    refuse_others(principal, READS_RULES)
    now = to_micros(at)
    with store.looking() as tx:
        rules, text = rules_in(tx), text_in_force(tx, sort, name, now)
        if not text.content:
            raise Refused("unknown_rule", name=name[:40])
        return SeenRule(
            sort,
            name,
            text,
            pack=rules.pack(name, now) if sort is Sort.PACK else None,
            questionnaire=rules.questionnaire(name, now) if sort is Sort.SURVEY else None,
            checklist=rules.checklist(name, now) if sort is Sort.CHECKLIST else None,
            gaps=_gaps(rules, name, at) if sort is Sort.PACK else [],
            editions=editions(tx, sort, name)[::-1],
            approved=drafts.approvals(tx, sort, name),
            interpretations=interpretations(tx, name) if sort is Sort.PACK else [],
        )


def _gaps(rules: Rules, name: str, at: datetime) -> list[Gap]:
    tables, pack = lifecycles().values(), rules.pack(name, to_micros(at))
    today = at.astimezone(ZoneInfo(pack.zone)).date()
    return list(gaps(pack, asked(tables), today, agreed(tables), asked_bounds(tables)))


def draft_seen(store: Store, principal: Principal, draft_id: int, at: datetime) -> SeenDraft:
    """Return a draft. A decided one is compared with what was in force before. Raises ``Refused('unknown_draft')``."""
    refuse_others(principal, READS_RULES)
    with store.looking() as tx:
        draft = drafts.draft_of(tx, draft_id)
        text = _compared_with(tx, draft, at)
        faults = faults_of(tx, draft, at) if draft.decision is None else []
        return SeenDraft(draft, text, faults, list(changed_lines(text.content, draft.content)))


def _compared_with(tx: Tx, draft: DraftRow, at: datetime) -> RuleText:
    """Return the text that holds when an undecided draft takes force; of a decided one that of just before."""
    if draft.decided_at is None:
        since = max(to_micros(at), draft.effective_from or 0)
        return text_in_force(tx, Sort(draft.sort), draft.name, since)
    earlier = [each for each in editions(tx, draft.sort, draft.name) if each.published_at < draft.decided_at]
    if earlier:
        return RuleText(earlier[-1].version, earlier[-1].content, earlier[-1].effective_from)
    return text_in_force(tx, Sort(draft.sort), draft.name, 0)
