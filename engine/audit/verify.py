"""Checks that the record is whole: chains, histories, statements, rungs, clocks and anchors agree."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

import orjson

from engine.audit.escalation_check import CLOCKS, RUNGS, ladder_faults
from engine.commands.open_case import OPEN, Opened
from engine.ledger.anchoring import doubts
from engine.ledger.chain import GENESIS, canonical, chain_hash, digest
from engine.ledger.lifecycle_versions import Versions, altered_versions, recorded_versions
from engine.ledger.record import COLUMNS, CaseRow, case_of, next_variables, record_of
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.form_model import ON_CASE, VARIABLE, marked
from statemachines.kinds import lifecycles
from statemachines.lifecycle_record import RecordedForm, RecordedLifecycle, read_document
from statemachines.retirement import CARRIED_OVER, Resolver

CASES = f"SELECT {COLUMNS} FROM cases WHERE id > :after AND changed_at >= :since ORDER BY id LIMIT 500"
HISTORY = """
SELECT case_id, seq, move, source, dest, cycle, level, actor_id, via, occurred_at, recorded_at, inferred, lifecycle,
       form, hash FROM transition WHERE case_id IN ({ids}) ORDER BY case_id, seq
"""
STATEMENTS = "SELECT case_id, seq, field, salt, content, erased_at FROM statement WHERE case_id IN ({ids})"
STRAYS = """
SELECT 'transition' AS name, count(*) AS n FROM transition t LEFT JOIN cases c ON c.id = t.case_id WHERE c.id IS NULL
UNION ALL SELECT 'statement', count(*) FROM statement s LEFT JOIN transition t ON t.case_id = s.case_id
   AND t.seq = s.seq WHERE t.case_id IS NULL
UNION ALL SELECT 'step', count(*) FROM escalation_step r LEFT JOIN cases c ON c.id = r.case_id WHERE c.id IS NULL
"""
OPENED = RecordedForm(tuple(Opened.model_fields), marked(Opened, ON_CASE), marked(Opened, VARIABLE))
LEAST = -(2**63)
"""No instant and no key is less: whatever somebody writes, no case is passed over."""

_Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not agree: in which case, at which transition, and what."""

    number: str
    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class About:
    """What there is of some cases, by their ids."""

    history: dict[int, list[Any]]
    statements: dict[int, list[Any]]
    rungs: dict[int, list[Any]]
    clocks: dict[int, list[Any]]

    @classmethod
    def read(cls, tx: Tx, ids: list[int]) -> "About":
        """One query for each table."""
        return cls(*(_by_case(tx, sql, ids) for sql in (HISTORY, STATEMENTS, RUNGS, CLOCKS)))


def _by_case(tx: Tx, sql: str, ids: list[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {case_id: [] for case_id in ids}
    for row in tx.rows(sql.format(ids=", ".join(map(str, ids)))):
        found[row.case_id].append(row)
    return found


@dataclass(frozen=True, slots=True)
class Verdict:
    """How much was checked and what was wrong."""

    cases: int
    transitions: int
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was wrong."""
        return not self.faults


def verify(store: Store, since: datetime | None = None) -> Verdict:
    """Check every case that changed since then, or every one, a few hundred at a time."""
    faults: list[Fault] = []
    cases = transitions = 0
    after, least = LEAST, LEAST if since is None else to_micros(since)
    with store.looking() as tx:
        for row in tx.rows(STRAYS):
            faults += [Fault("", 0, f"stray_{row.name}")] if row.n else []
        faults += [Fault("", 0, f"lifecycle {version}") for version in altered_versions(tx)]
    faults += [Fault(doubt.number, doubt.seq, doubt.what) for doubt in doubts(store)]
    while True:
        with store.looking() as tx:
            heads = [case_of(row) for row in tx.rows(CASES, after=after, since=least)]
            if not heads:
                return Verdict(cases, transitions, tuple(faults))
            about = About.read(tx, [head.id for head in heads])
            versions = recorded_versions(tx)
        for head in heads:
            faults += _readable(head, about, versions)
            transitions += len(about.history[head.id])
        cases, after = cases + len(heads), heads[-1].id


def _readable(head: CaseRow, about: About, versions: Versions) -> list[Fault]:
    try:
        return _case(head, about, versions)
    except (TypeError, ValueError, AttributeError):  # whatever may stand where a number or a text should
        return [Fault(head.number, head.version, "unreadable")]


def _case(head: CaseRow, about: About, versions: Versions) -> list[Fault]:
    history = [row._asdict() for row in about.history[head.id]]
    found = [*chain_faults(head.number, head.head, history)]
    found += [Fault(head.number, seq, what) for seq, what in _story(head, history)]
    found += [Fault(head.number, head.version, what) for what in _row(head, history, versions)]
    found += [Fault(head.number, seq, what) for seq, what in _words(history, about.statements[head.id])]
    table = lifecycles().get(head.kind)
    resolver = table.resolver if table is not None else Resolver.of((), {}, ())
    ladder = ladder_faults(head, history, about.rungs[head.id], about.clocks[head.id], resolver)
    return found + [Fault(head.number, seq, what) for seq, what in ladder]


def chain_faults(number: str, head: str, history: list[dict[str, Any]]) -> Iterator[Fault]:
    """Every transition whose hash does not follow from the one before it and its own row."""
    before = GENESIS
    for at, row in enumerate(history, start=1):
        columns = {name: value for name, value in row.items() if name != "hash"}
        if row["seq"] != at:
            yield Fault(number, row["seq"], "gap")
        if chain_hash(before, record_of(number, columns)) != row["hash"]:
            yield Fault(number, row["seq"], "hash")
        before = row["hash"]
    if before != head:
        yield Fault(number, len(history), "head")


def _story(head: CaseRow, history: list[dict[str, Any]]) -> Iterator[tuple[int, str]]:
    """The history, told again, must end where the row stands."""
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
    told = (state, last["seq"], last["cycle"], last["level"])
    if told != (head.state, head.version, head.cycle, head.level):
        yield head.version, "row"


def _row(head: CaseRow, history: list[dict[str, Any]], versions: Versions) -> Iterator[str]:
    """What else the case's row says must be what its history tells."""
    if not history:
        yield from () if head.kind in lifecycles() else ("unknown_kind",)
        return
    read = _Versions(head.kind, versions)
    last = read.of(history[-1])
    if last is None:
        yield "unknown_kind"
    elif head.state not in last.states:
        yield "unknown_state"
    else:
        replayed = _replayed(read, history) | {"closed": last.states[head.state]}
        yield from (f"row_{name}" for name, value in replayed.items() if getattr(head, name) != value)


@dataclass(frozen=True, slots=True)
class _Versions:
    """The versions of one kind's lifecycle. A version that the store does not hold is read as the table in force."""

    kind: str
    recorded: Versions

    def of(self, transition: _Told) -> RecordedLifecycle | None:
        """The lifecycle that a transition was made under; None for an unknown version of an unknown kind."""
        found = self.recorded.get((self.kind, transition["lifecycle"]))
        if found is None and (table := lifecycles().get(self.kind)) is not None:
            return read_document(table.document)
        return found


def _replayed(read: _Versions, history: list[dict[str, Any]]) -> dict[str, Any]:
    """The case's row as its history leaves it, each transition replayed under the version that it carries."""
    row: dict[str, Any] = {"previous_state": "", "attempts": 0, "opened_at": history[0]["occurred_at"]}
    row |= dict.fromkeys(("category", "severity", "department", "owner", "customer_type")) | {"variables": "{}"}
    cycle = history[0]["cycle"]
    for made in history:
        lifecycle = read.of(made)
        form = _form(made["form"])
        fields, counts, clears = _effects(lifecycle, made)
        row |= {name: form[name] for name in fields.on_case if name in form and name in row}
        values = {name: form[name] for name in fields.variables if name in form}
        row["variables"] = next_variables(row["variables"], values, counts, clears)
        if made["move"] == CARRIED_OVER and lifecycle is not None:
            row["previous_state"] = lifecycle.resolver.state(row["previous_state"])
            row["variables"] = _renamed(row["variables"], lifecycle)
        elif made["dest"] != made["source"]:
            row["previous_state"] = made["source"]
        if made["cycle"] != cycle:
            cycle, row["attempts"] = made["cycle"], 0
        row |= {"changed_at": made["recorded_at"], "channel": form.get("channel", row.get("channel"))}
    return row


def _effects(lifecycle: RecordedLifecycle | None, made: _Told) -> tuple[RecordedForm, str | None, tuple[str, ...]]:
    """Return the fields of a move's form that change the case's row, the variable it counts and those it clears."""
    if made["move"] == OPEN:
        return OPENED, None, ()
    move = lifecycle.moves.get(made["move"]) if lifecycle is not None else None
    if move is None:
        return RecordedForm(), None, ()
    return move.form, move.counts, move.clears(made["source"], made["dest"])


def _renamed(variables: str, lifecycle: RecordedLifecycle) -> str:
    recorded = orjson.loads(variables)
    resolved = lifecycle.resolver.variables(recorded)
    return variables if resolved == recorded else canonical(resolved)


def _words(history: list[dict[str, Any]], statements: Iterable[Any]) -> Iterator[tuple[int, str]]:
    kept = {(row.seq, row.field): row for row in statements}
    for row in history:
        for name, value in _form(row["form"]).items():
            if isinstance(value, dict) and not _said(kept.pop((row["seq"], name), None), cast("_Told", value)):
                yield row["seq"], f"statement_{name}"
    yield from ((seq, f"statement_{name}_unknown") for seq, name in kept)


@lru_cache(maxsize=512)
def _form(text: str) -> _Told:
    """The form of a transition; of one that was tampered with into no form at all, the hash tells."""
    try:
        form = orjson.loads(text)
    except ValueError:
        return {}
    return cast("_Told", form) if isinstance(form, dict) else {}


def _said(row: Any, told: _Told) -> bool:
    """Whether a statement is what the record kept the digest of, or was erased and says when."""
    if row is None or row.content is None or row.salt is None:
        return row is not None and row.content is None and row.erased_at is not None
    return row.erased_at is None and digest(bytes(row.salt), row.content) == told.get("sha256")
