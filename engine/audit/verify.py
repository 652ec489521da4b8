"""Verify the record: chains, histories, statements, escalation steps, timers, journal and anchors must agree.

A value that cannot be read is reported with its place; everything else is checked all the same.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.attachments.attachment_check import attachment_faults
from engine.attachments.content_files import ContentFiles, content_files
from engine.audit.clock_check import SET_BACK, AnchorTimes, set_back
from engine.audit.escalation_check import ladder_faults
from engine.audit.journal_check import journal_faults, new_journal_faults
from engine.audit.notice_check import notice_faults
from engine.audit.party_check import party_faults
from engine.audit.record_check import chain_faults, history_faults, shipment_faults, statement_faults
from engine.audit.related_rows import Related
from engine.audit.row_check import row_faults
from engine.audit.schema_check import schema_faults
from engine.audit.sound_cases import SoundCases
from engine.audit.timer_check import TimerCheck
from engine.audit.value_check import value_faults
from engine.kept_counts import seal_faults
from engine.ledger.anchoring import anchored_entry, doubts
from engine.ledger.journal import JOURNAL_LEAF
from engine.ledger.lifecycle_versions import Versions, altered_versions, recorded_versions
from engine.ledger.record import COLUMNS, CaseRow, case_of
from engine.rules.in_force import Rules, rules_in
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Lifecycle
from statemachines.refused import Refused
from statemachines.retirement import Resolver

CASES = f"SELECT {COLUMNS} FROM cases WHERE id > :after AND changed_at >= :since ORDER BY id LIMIT 500"
STRAYS = """
SELECT 'transition' AS name, count(*) AS n FROM transition t LEFT JOIN cases c ON c.id = t.case_id WHERE c.id IS NULL
UNION ALL SELECT 'statement', count(*) FROM statement s LEFT JOIN transition t ON t.case_id = s.case_id
   AND t.seq = s.seq WHERE t.case_id IS NULL
UNION ALL SELECT 'step', count(*) FROM escalation_step r LEFT JOIN cases c ON c.id = r.case_id WHERE c.id IS NULL
"""
NEWEST = "SELECT max(changed_at) AS at FROM cases"
LEAST = -(2**63)
"""Less than every instant and key, so that no case is skipped, whatever its row holds."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault: case number, sequence number of the transition, and a code."""

    number: str
    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a verification."""

    cases: int
    transitions: int
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """Return whether no fault was found."""
        return not self.faults


def verify(store: Store, since: datetime | None = None) -> Verdict:
    """Verify every case that changed since an instant, or all cases, a few hundred at a time."""
    faults: list[Fault] = []
    cases = transitions = 0
    after, least = LEAST, LEAST if since is None else to_micros(since)
    lines_set_back: set[int] = set()
    anchors: AnchorTimes | None = None
    anchored, contents = anchored_entry(store), content_files(store)
    with store.looking() as tx:
        tx.lenient = True
        faults += _store_faults(store, tx, anchored, since)
    faults += [Fault(doubt.number, doubt.seq, doubt.what) for doubt in doubts(store)]
    while True:
        with store.looking() as tx:
            tx.lenient = True
            rows = tx.rows(CASES, after=after, since=least)
            if not rows:
                faults += [Fault("", line, SET_BACK) for line in sorted(lines_set_back)]
                return Verdict(cases, transitions, tuple(faults))
            related, anchors = Related.read(tx, [row.id for row in rows]), anchors or AnchorTimes.read(tx)
            versions, rules, sound = recorded_versions(tx), rules_in(tx), SoundCases.read(tx, anchors)
        for row in rows:
            case = case_of(row)
            transitions += len(related.history[case.id])
            rows_of_case = related.rows_of(case.id)
            digest = None if rows_of_case is None else sound.digest(row, rows_of_case)
            if sound.knows(case.id, digest):
                continue
            case_faults = _case_faults(store.secret, contents, case, related, versions, rules)
            turned_back = _set_back(case, related, anchors)
            if not case_faults and not turned_back:
                sound.remember(case.id, digest)
            faults += case_faults
            for seq, line in turned_back:
                if line:
                    lines_set_back.add(line)
                else:
                    faults.append(Fault(case.number, seq, SET_BACK))
        cases, after = cases + len(rows), rows[-1].id


def _store_faults(store: Store, tx: Tx, anchored: int, since: datetime | None) -> Iterator[Fault]:
    """Yield the faults that are no case's: of the journal, and of schema, values and customers if all is verified."""
    for row in tx.rows(STRAYS):
        if row.n:
            yield Fault("", 0, f"stray_{row.name}")
    yield from (Fault("", 0, f"lifecycle {version}") for version in altered_versions(tx))
    entries = journal_faults(tx) if since is None else new_journal_faults(tx, anchored)
    yield from (Fault(JOURNAL_LEAF, seq, what) for seq, what in entries)
    if since is None:
        at = tx.row(NEWEST).at or 0
        of_rows = (value_faults(tx), notice_faults(tx), party_faults(tx, store.secret, at), seal_faults(tx))
        whole = (schema_faults(store, tx), *of_rows)
        yield from (Fault("", 0, what) for check in whole for what in check)


def _case_faults(
    secret: bytes, contents: ContentFiles, case: CaseRow, related: Related, versions: Versions, rules: Rules
) -> list[Fault]:
    history = [row._asdict() for row in related.history[case.id]]
    table = lifecycles().get(case.kind)
    resolver = table.resolver if table is not None else Resolver.of((), {}, ())
    ladder = (related.steps[case.id], related.timers[case.id], resolver)
    checks: tuple[Callable[[], Iterable[tuple[int, str]]], ...] = (
        lambda: chain_faults(case.number, case.head, history),
        lambda: history_faults(case, history),
        lambda: ((case.version, what) for what in row_faults(case, history, versions)),
        lambda: statement_faults(history, related.statements[case.id], related.erasures),
        lambda: ladder_faults(case, history, *ladder),
        lambda: ((0, what) for what in _timer_faults(case, table, history, related, rules)),
        lambda: shipment_faults(secret, case, related.statements[case.id]),
        lambda: attachment_faults(contents, history, related.attachments[case.id]),
    )
    return [Fault(_shown(case.number), seq, what) for check in checks for seq, what in _readable(case, check)]


def _timer_faults(
    case: CaseRow, table: Lifecycle | None, history: list[dict[str, Any]], related: Related, rules: Rules
) -> Iterable[str]:
    if table is None:
        return ()
    return TimerCheck(rules, table, case, history, related.timers[case.id], related.steps[case.id]).faults()


def _readable(case: CaseRow, check: Callable[[], Iterable[tuple[int, str]]]) -> Iterator[tuple[int, str]]:
    """Yield the faults of one check, up to a value that cannot be read."""
    try:
        yield from check()
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError, Refused):
        version: Any = case.version
        yield version if isinstance(version, int) else 0, "unreadable"


def _set_back(case: CaseRow, related: Related, anchors: AnchorTimes) -> list[tuple[int, int]]:
    try:
        return [*set_back(related.history[case.id], anchors)]
    except TypeError:  # a column holds a value of another type, which ``_case_faults`` reports
        return []


def _shown(number: Any) -> str:
    """Return what stands in place of a case number as a text that can be printed."""
    return ascii(number)[1:-1][:80] if isinstance(number, str) else repr(number)[:80]
