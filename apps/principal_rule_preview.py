"""What a draft or a proposed text of rules would do to the open cases of which a principal may know (F4, K2)."""

from dataclasses import dataclass
from datetime import datetime

from apps.principal_reports import refuse_others
from apps.principal_rules import READS_RULES
from engine.access.principal import Principal
from engine.access.scope import UNLIMITED, cases_in_scope
from engine.rules.draft_checks import begin_of
from engine.rules.drafts import DraftRow, draft_of
from engine.rules.edition_checks import checked_text
from engine.rules.in_force import Sort, rules_in
from engine.store import Store
from models.columns import to_micros
from reports.rule_preview import MOST, RulePreview, rule_preview


@dataclass(frozen=True, slots=True)
class ProposedText:
    """The text of a pack or a calendar that nobody saved, with its name, and from when on it would hold."""

    sort: str
    name: str
    content: str
    effective_from: int | None


def preview_seen(store: Store, principal: Principal, draft_id: int, at: datetime) -> tuple[DraftRow, RulePreview]:
    """Return which deadlines a draft would move, of cases of which the principal may know. Raises ``Refused``."""
    refuse_others(principal, READS_RULES)
    with store.looking() as tx:
        draft = draft_of(tx, draft_id)
    return draft, rule_preview(store, draft, cases_in_scope(principal, at), at)


def preview_of_text(
    store: Store, principal: Principal, sort: Sort, text: str, file: str, at: datetime,
    begins: datetime | None = None, most: int = MOST,
) -> tuple[ProposedText, RulePreview]:  # fmt: skip
    """Return what a text would do, checked as for a publication; ``begins`` is when it would hold, if given.

    ``most`` open cases are computed, the newest. Raises ``Refused('not_in_charge' | 'bad_pack' | 'bad_calendar' |
    'draft_unchanged')`` and as a publication does.
    """
    if principal.kind not in UNLIMITED:
        refuse_others(principal, READS_RULES)
    since = None if begins is None else to_micros(begins)
    with store.looking() as tx:
        begin = begins or begin_of(ProposedText(sort, file, text, None), at)
        edition = checked_text(tx, rules_in(tx), sort, text, file, at, begin)
    proposed = ProposedText(sort, edition.rules.name, text, since)
    return proposed, rule_preview(store, proposed, cases_in_scope(principal, at), at, most)
