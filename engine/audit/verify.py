"""Verify the record: chains, histories, statements, escalation steps, timers, journal and anchors must agree.

A value that cannot be read is reported with its place; everything else is checked all the same.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from engine.attachments.attachment_check import ATTACHMENTS, attachment_faults
from engine.attachments.content_files import ContentFiles, content_files
from engine.audit.clock_check import SET_BACK, AnchorTimes, set_back
from engine.audit.escalation_check import STEPS, TIMERS, ladder_faults
from engine.audit.journal_check import journal_faults, new_journal_faults, newest_digests
from engine.audit.notice_check import notice_faults
from engine.audit.party_check import party_faults
from engine.audit.row_check import parsed_form, row_faults
from engine.audit.schema_check import schema_faults
from engine.audit.sound_cases import SoundCases
from engine.audit.timer_check import TimerCheck
from engine.audit.value_check import value_faults
from engine.duplicates.recognition import shipment_key
from engine.ledger.anchoring import anchored_entry, doubts
from engine.ledger.chain import GENESIS, chain_hash, digest
from engine.ledger.journal import JOURNAL_LEAF, canonical_key, row_digest
from engine.ledger.lifecycle_versions import Versions, altered_versions, recorded_versions
from engine.ledger.record import COLUMNS, CaseRow, case_of, record_of
from engine.rules.in_force import Rules, rules_in
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Lifecycle
from statemachines.refused import Refused
from statemachines.retirement import Resolver

CASES = f"SELECT {COLUMNS} FROM cases WHERE id > :after AND changed_at >= :since ORDER BY id LIMIT 500"
HISTORY = """
SELECT case_id, seq, move, source, dest, cycle, level, actor_id, via, occurred_at, recorded_at, inferred, lifecycle,
       form, hash FROM transition WHERE case_id IN ({ids}) ORDER BY case_id, seq
"""
STATEMENTS = """
SELECT case_id, seq, field, salt, content, erased_at, erasure_reason FROM statement WHERE case_id IN ({ids})
"""
STRAYS = """
SELECT 'transition' AS name, count(*) AS n FROM transition t LEFT JOIN cases c ON c.id = t.case_id WHERE c.id IS NULL
UNION ALL SELECT 'statement', count(*) FROM statement s LEFT JOIN transition t ON t.case_id = s.case_id
   AND t.seq = s.seq WHERE t.case_id IS NULL
UNION ALL SELECT 'step', count(*) FROM escalation_step r LEFT JOIN cases c ON c.id = r.case_id WHERE c.id IS NULL
"""
NEWEST = "SELECT max(changed_at) AS at FROM cases"
LEAST = -(2**63)
"""Less than every instant and key, so that no case is skipped, whatever its row holds."""

_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault: case number, sequence number of the transition, and a code."""

    number: str
    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Related:
    """The rows that belong to some cases, by case id."""

    history: dict[int, list[Any]]
    statements: dict[int, list[Any]]
    steps: dict[int, list[Any]]
    timers: dict[int, list[Any]]
    attachments: dict[int, list[Any]]
    erasures: Mapping[str, str]
    """The digests of the journal's newest entries for the texts that were erased, by their keys."""

    @classmethod
    def read(cls, tx: Tx, ids: list[int]) -> "Related":
        """Read them by one query per table."""
        rows = [_by_case(tx, sql, ids) for sql in (HISTORY, STATEMENTS, STEPS, TIMERS, ATTACHMENTS)]
        erased = [row for of_case in rows[1].values() for row in of_case if row.erased_at is not None]
        keys = [key for row in erased if (key := _erasure_key(row)) is not None]
        return cls(*rows, erasures=newest_digests(tx, "erasure", keys))

    def rows_of(self, case_id: int) -> tuple[list[Any], ...] | None:
        """Return the rows of one case from which its verdict follows; None if files or the journal decide, too."""
        if self.attachments[case_id] or any(row.erased_at is not None for row in self.statements[case_id]):
            return None
        return tuple(rows[case_id] for rows in (self.history, self.statements, self.steps, self.timers))


def _erasure_key(row: Any) -> str | None:
    """Return under which key the journal holds that a text was erased, or None for a value that no key holds."""
    try:
        return canonical_key((row.case_id, row.seq, row.field))
    except (TypeError, ValueError):
        return None


def _by_case(tx: Tx, sql: str, ids: list[int]) -> dict[int, list[Any]]:
    by_case: dict[int, list[Any]] = {case_id: [] for case_id in ids}
    for row in tx.rows(sql.format(ids=", ".join(map(str, ids)))):
        by_case[row.case_id].append(row)
    return by_case


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
    anchored, contents = anchored_entry(store), content_files(store)
    with store.looking() as tx:
        tx.lenient = True
        anchors = AnchorTimes.read(tx)
        faults += _store_faults(store, tx, anchored, since)
    faults += [Fault(doubt.number, doubt.seq, doubt.what) for doubt in doubts(store)]
    while True:
        with store.looking() as tx:
            tx.lenient = True
            rows = tx.rows(CASES, after=after, since=least)
            if not rows:
                faults += [Fault("", line, SET_BACK) for line in sorted(lines_set_back)]
                return Verdict(cases, transitions, tuple(faults))
            related = Related.read(tx, [row.id for row in rows])
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
        whole = (schema_faults(store, tx), value_faults(tx), notice_faults(tx), party_faults(tx, store.secret, at))
        yield from (Fault("", 0, what) for check in whole for what in check)


def _case_faults(
    secret: bytes, contents: ContentFiles, case: CaseRow, related: Related, versions: Versions, rules: Rules
) -> list[Fault]:
    history = [row._asdict() for row in related.history[case.id]]
    table = lifecycles().get(case.kind)
    resolver = table.resolver if table is not None else Resolver.of((), {}, ())
    ladder = (related.steps[case.id], related.timers[case.id], resolver)
    checks: tuple[Callable[[], Iterable[tuple[int, str]]], ...] = (
        lambda: _chain_faults(case.number, case.head, history),
        lambda: _history_faults(case, history),
        lambda: ((case.version, what) for what in row_faults(case, history, versions)),
        lambda: _statement_faults(history, related.statements[case.id], related.erasures),
        lambda: ladder_faults(case, history, *ladder),
        lambda: ((0, what) for what in _timer_faults(case, table, history, related, rules)),
        lambda: _shipment_faults(secret, case, related.statements[case.id]),
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


def _shipment_faults(secret: bytes, case: CaseRow, statements: Iterable[Any]) -> Iterator[tuple[int, str]]:
    """Yield that the key of the shipment is not that of the text; of an erased text it cannot be told."""
    text = next((row for row in statements if (row.seq, row.field) == (1, "shipment")), None)
    erased = text is not None and text.content is None
    key = None if text is None or erased else shipment_key(secret, text.content)
    if not erased and key != case.shipment:
        yield 1, "row_shipment"


def _shown(number: Any) -> str:
    """Return what stands in place of a case number as a text that can be printed."""
    return ascii(number)[1:-1][:80] if isinstance(number, str) else repr(number)[:80]


def chain_faults(number: str, head: str, history: list[dict[str, Any]]) -> Iterator[Fault]:
    """Yield the transitions whose hash does not follow from the previous one and their own row."""
    yield from (Fault(number, seq, what) for seq, what in _chain_faults(number, head, history))


def _chain_faults(number: str, head: str, history: list[dict[str, Any]]) -> Iterator[tuple[int, str]]:
    before = GENESIS
    for at, row in enumerate(history, start=1):
        columns = {name: value for name, value in row.items() if name != "hash"}
        if row["seq"] != at:
            yield row["seq"], "gap"
        if not _hashes_to(row["hash"], before, number, columns):
            yield row["seq"], "hash"
        before = row["hash"]
    if before != head:
        yield len(history), "head"


def _hashes_to(expected: Any, before: str, number: str, columns: dict[str, Any]) -> bool:
    try:
        return chain_hash(before, record_of(number, columns)) == expected
    except (TypeError, ValueError):  # a column holds a value of another type, or a text that is no UTF-8
        return False


def _history_faults(case: CaseRow, history: list[dict[str, Any]]) -> Iterator[tuple[int, str]]:
    """Yield where the history is not continuous, or does not end in the state of the case."""
    state, recorded = "", 0
    for row in history:
        if row["source"] != state:
            yield row["seq"], "skipped_state"
        if row["recorded_at"] < recorded:
            yield row["seq"], "recorded_earlier"
        if row["occurred_at"] > row["recorded_at"]:
            yield row["seq"], "occurred_later"
        state, recorded = row["dest"], row["recorded_at"]
    last = history[-1] if history else {"seq": 0, "cycle": 0, "level": 0}
    end = (state, last["seq"], last["cycle"], last["level"])
    if end != (case.state, case.version, case.cycle, case.level):
        yield case.version, "row"


def _statement_faults(
    history: list[dict[str, Any]], statements: Iterable[Any], erasures: Mapping[str, str]
) -> Iterator[tuple[int, str]]:
    """Yield personal texts that are missing, altered, erased without an entry, or belong to no transition."""
    stored = {(row.seq, row.field): row for row in statements}
    for row in history:
        for name, value in parsed_form(row["form"]).items():
            if not isinstance(value, dict):
                continue
            text = stored.pop((row["seq"], name), None)
            if not _matches(text, cast("_Row", value)):
                yield row["seq"], f"statement_{name}"
            elif text.erased_at is not None and erasures.get(_erasure_key(text) or "") != row_digest("erasure", text):
                yield row["seq"], f"statement_{name}_erased"
    yield from ((seq, f"statement_{name}_unknown") for seq, name in stored)


def _matches(row: Any, recorded: _Row) -> bool:
    """Return whether a text matches its digest in the record, or was erased and says when.

    Whether somebody erased it who may is told by the journal.
    """
    if row is None or (row.content is None and row.salt is None):
        return row is not None and row.erased_at is not None
    if not isinstance(row.salt, bytes) or not isinstance(row.content, str):
        return False
    try:
        there = row.erased_at is None and row.erasure_reason is None
        return there and digest(bytes(row.salt), row.content) == recorded.get("sha256")
    except ValueError:  # a text that is no UTF-8
        return False
