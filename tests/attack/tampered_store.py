"""Builds a store with rows in every table, and tampers with one value or row of it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Boolean, Integer, LargeBinary, Table, TypeDecorator

from engine.audit.uncovered import WHOLE_ROWS
from engine.audit.verify import verify
from engine.kept_counts import KeptCount, keep_count
from engine.ledger.anchoring import anchor
from engine.ledger.journal import KEYS, journal_row
from engine.settings import Settings
from engine.store import Store
from engine.transaction import Tx
from models import whole_schema
from models.columns import to_micros
from statemachines.refused import Refused
from tests.audit.honest_store import build_store
from tests.case_actions import DAY, START

CASES, SEED = 6, 7
ROWS: dict[str, tuple[dict[str, Any], ...]] = {
    "account": tuple(
        {"actor_id": n, "made_at": n, "made_by": 4, "password": "p", "password_at": n, "totp": "t", "totp_since": n,
         "totp_step": n, "recovery": "r", "disabled_at": n}
        for n in (3, 4)
    ),
    "actor_change": tuple(
        {"id": n, "actor_id": 3, "changed_by": 4, "at": n, "field": "boss", "before": "mei", "after": "gao"}
        for n in (1, 2)
    ),
    "api_token": tuple(
        {"id": f"t{n}", "actor_id": n, "label": "l", "digest": "d", "scopes": "cases:read", "rate": "1 per 1 minute",
         "made_at": n, "made_by": 4, "until": n, "revoked_at": n, "used_at": n, "used_from": "a"}
        for n in (3, 4)
    ),
    "arrival": tuple(
        {"source": "mails", "row_id": str(n), "part": "contact", "kind": "complaint", "pack": "logistics", "at": n,
         "digest": "d", "payload": None, "processed_at": n, "case_id": n, "refusal": None}
        for n in (1, 2)
    ),
    "attachment": tuple(
        {"id": str(n) * 32, "case_id": n, "name": None, "type": "image/jpeg", "size": n, "salt": None,
         "digest": str(n) * 64, "thumbnail": None, "uploaded_by": 3, "uploaded_at": n, "erased_at": n,
         "erasure_reason": "order"}
        for n in (1, 2)
    ),
    "attempt_window": tuple({"key": f"k{n}", "hits": n, "until": n} for n in (1, 2)),
    "callback": tuple(
        {"case_id": n, "cycle": 9, "attempt": 1, "planned_at": n, "owner": "amy", "done_at": n, "outcome": "answered"}
        for n in (1, 2)
    ),
    "conduct_draw": tuple(
        {"id": n, "drawn_by": 3, "drawn_at": n, "seed": f"s{n}", "channel": "phone", "since": n, "until": n + 1,
         "department": "claims", "staff_id": 4, "wanted": n, "population": n, "digest": f"d{n}"}
        for n in (1, 2)
    ),
    "conduct_sample": tuple(
        {"draw_id": n, "position": n, "case_id": n, "seq": n, "staff_id": 4, "department": "claims", "occurred_at": n}
        for n in (1, 2)
    ),
    "conduct_sheet": tuple(
        {"id": n, "draw_id": n, "position": n, "revision": n, "scored_by": 3, "scored_at": n, "checklist": "phone",
         "version": "1", "score": 5000, "observed": 20, "reason": "r", "objection": "o", "objected_at": n,
         "answer": "a", "answered_by": 5, "answered_at": n, "salt": b"s", "erased_at": n}
        for n in (1, 2)
    ),
    "conduct_mark": tuple(
        {"sheet_id": n, "item": "answer", "place": n, "weight": 20, "outcome": "failed", "note": "n", "salt": b"s"}
        for n in (1, 2)
    ),
    "delivery": tuple(
        {"case_id": n, "seq": 1, "reaction": "acknowledge", "status": "done", "tries": 1, "next_at": n,
         "lease_owner": "p", "error": None, "done_at": to_micros(START + DAY)}
        for n in (1, 2)
    ),
    "edition": tuple(
        {"id": n, "sort": "pack", "name": "logistics", "version": f"7.{n}", "content": "", "effective_from": 2**60 + n,
         "published_at": n, "published_by": 4, "reason": "decision", "projected_at": n}
        for n in (1, 2)
    ),
    "failed_log_in": tuple({"id": n, "at": n, "actor_id": n, "method": "password", "address": "a"} for n in (3, 4)),
    "fingerprint": tuple({"case_id": n, "a": n, "b": n, "c": n, "d": n} for n in (1, 2)),
    "hold": tuple({"kind": kind, "since": 1, "held_by": 6, "reason": "fire"} for kind in ("finding", "appeal")),
    "interpretation": tuple(
        {"id": n, "pack": "logistics", "clause": "reply", "content": "c", "recorded_at": n, "recorded_by": 4}
        for n in (1, 2)
    ),
    "access_code": tuple(
        {"id": n, "case_id": n, "digest": f"d{n}", "made_at": n, "made_by": 4, "proof": "phone", "reason": "asked",
         "until": n, "used_at": n}
        for n in (1, 2)
    ),
    "invitation": tuple(
        {"id": f"i{n}", "actor_id": n, "digest": "d", "made_at": n, "made_by": 4, "until": n, "used_at": n}
        for n in (3, 4)
    ),
    "kept_answer": tuple({"key": f"k{n}", "request_hash": f"r{n}", "answer": "{}", "at": n} for n in (1, 2)),
    "lease": tuple({"name": f"duty{n}", "owner": "p", "seen_at": n, "until": n} for n in (1, 2)),
    "link": tuple({"parent_id": n, "child_id": n + 1, "relation": "came_of", "at": n} for n in (1, 2)),
    "login_session": tuple(
        {"id": f"s{n}", "actor_id": n, "digest": "d", "made_at": n, "seen_at": n, "until": n, "change_id": n,
         "second_factor_at": n, "method": "password", "address": "a", "agent": "g"}
        for n in (3, 4)
    ),
    "mail": tuple(
        {"key": f"k{n}", "recipient": "amy", "composed_at": n, "outcome": "refused", "settled_at": n, "tries": 1,
         "next_at": n}
        for n in (1, 2)
    ),
    "notice": tuple(
        {"case_id": n, "seq": 1, "recipient": "amy", "level": 1, "cycle": 1, "timer_id": None, "asked_at": n,
         "digest_at": n, "line": "l", "mail": "k1", "awaiting": "received"}
        for n in (1, 2)
    ),
    "oidc_link": tuple(
        {"issuer": "https://id.example.com", "subject": f"u{n}", "actor_id": n, "linked_at": n, "linked_by": 4}
        for n in (3, 4)
    ),
    "one_time_code": tuple(
        {"id": n, "actor_id": 3, "purpose": "p", "code": "c", "made_at": n, "until": n, "tries": 0, "used_at": n}
        for n in (1, 2)
    ),
    "parked": tuple(
        {"case_id": n, "work": "timer", "version": 1, "tries": 1, "next_at": n, "reason": "busy", "reported_at": n}
        for n in (1, 2)
    ),
    "rating": tuple(
        {"case_id": n, "cycle": 1, "questionnaire": "q", "version": "1", "answered": 3, "score": 8000, "at": n}
        for n in (1, 2)
    ),
    "reading": tuple(
        {"id": n, "at": n, "actor_id": 3, "via": "api", "kind": "person", "case_id": n, "fields": "name",
         "reason": "audit"}
        for n in (1, 2)
    ),
    "refused_attempt": tuple(
        {"id": n, "at": n, "case_id": n, "actor_id": 3, "via": "cli", "move": "note", "state": "received",
         "code": "role", "why": "agent"}
        for n in (1, 2)
    ),
    "order_import": tuple(
        {"id": n, "source": "erp", "digest": "d", "zone": "UTC", "rows": n, "left_out": "{}", "tallies": "{}",
         "imported_at": n, "imported_by": "amy"}
        for n in (1, 2)
    ),
    "rule_draft": tuple(
        {"id": n, "sort": "pack", "name": f"p{n}", "content": "c", "revision": n, "made_by": 3, "made_at": n,
         "effective_from": n, "reason": "r", "submitted_at": n, "decided_by": 4, "decided_at": n,
         "decision": "declined", "remark": "m", "edition_id": n}
        for n in (1, 2)
    ),
    "run": tuple(
        {"id": n, "flow": "night", "began_at": n, "ended_at": n, "observed": True, "did": n, "note": "{}"}
        for n in (1, 2)
    ),
    "saved_filter": tuple({"actor_id": n, "name": "a", "address": "kind=complaint", "saved_at": n} for n in (3, 4)),
    "survey": tuple(
        {"id": n, "pack": "shipping", "period": f"2026-0{n}", "since": n, "until": n + 1, "kinds": "service_order",
         "stratify_by": "channel", "method": "equal", "wanted": n, "least": n, "way": "link", "apart_days": n,
         "seed": f"s{n}", "population": n, "digest": f"d{n}", "drawn_by": 3, "drawn_at": n, "invited_by": 4,
         "invited_at": n}
        for n in (1, 2)
    ),
    "survey_stratum": tuple(
        {"survey_id": n, "stratum": "mail", "population": n, "eligible": n, "drawn": n, "left_out": "{}"}
        for n in (1, 2)
    ),
    "suspension": tuple(
        {"id": n, "at": n, "act": "held", "kind": "complaint", "case_id": n, "work": "timer", "actor_id": 3,
         "reason": "busy"}
        for n in (1, 2)
    ),
    "webhook": tuple(
        {"id": n, "url": f"https://hooks.example.com/{n}", "events": "case.moved", "kinds": "complaint",
         "departments": "claims", "personal": False, "nonce": f"n{n}", "former_nonce": "f", "former_until": n,
         "added_at": n, "added_by": "sue", "removed_at": n, "removed_by": "sue"}
        for n in (1, 2)
    ),
}  # fmt: skip
"""Rows of the tables that a store of moves alone leaves empty."""
PEOPLE = tuple({"name": f"n{n}", "phone": f"1380013800{n}", "email": f"c{n}@example.com"} for n in (1, 2))


def tables() -> list[Table]:
    """Return every table of the schema."""
    return list(whole_schema().sorted_tables)


def _duty(n: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a row of each table of the duty roster; every column is filled."""
    post = {"department": "claims", "level": n}
    span = {"starts_at": n, "ends_at": n + 1}
    in_effect = {"valid_from": "2026-03-02", "calendar": "cn-office", "source": "duty.xlsx", "digest": f"d{n}"}
    yield "duty_roster", {"id": n, **in_effect, "until": n, "imported_by": 4, "at": n}
    shift = {"days": "mon tue", "begins": "20:00", "ends": "08:00"}
    yield "duty_shift", {"roster_id": n, "position": n, **post, "person": "sue", **shift, **span}
    yield "duty_swap", {
        "id": n, **post, "person": "sue", "stand_in": "han", **span, "reason": "a wedding", "made_by": 4, "at": n,
    }  # fmt: skip
    ended = {"climbs_at": n, "climbed_at": n, "ended_at": n, "acknowledged_at": n, "acknowledged_by": 4, "via": "cli"}
    yield "duty_alert", {"case_id": n, "seq": n, "level": n, "timer_id": n, "people": "sue", "raised_at": n, **ended}


def build(home: Path) -> None:
    """Build a store with at least two rows in each table; all of them are anchored, and no fault is in it."""
    settings = _settings(home)
    with closing(build_store(settings, CASES, SEED)) as store:
        with store.writing() as tx:
            for name, rows in ROWS.items():
                if tx.row(f"SELECT count(*) AS n FROM {name}").n < 2:
                    for row in rows:
                        put(tx, name, row)
        _add_customers(store)
        with store.writing() as tx:
            put(tx, "same_person", {"party_id": 4, "other_id": 2, "why": "phone", "asked_at": 1, "same": False,
                                    "answered_at": 2, "answered_by": 5, "joined": None})  # fmt: skip
            for n in (1, 2):
                drawn = {"survey_id": n, "position": n, "stratum": "mail", "source_id": n, "case_id": n}
                put(tx, "survey_person", {**drawn, "party_id": 2 * n})
                agreed = {"id": n, "given": True, "source": "phone", "via": "cli", "recorded_by": 4, "at": n}
                put(tx, "care_consent", {**agreed, "party_id": 2 * n})
                greeted = {"occasion": f"birthday:{n}", "pack": "logistics", "queued_at": n, "ends_at": n, "next_at": n}
                settled = {"outcome": "withheld", "reason": "no_portal", "settled_at": n}
                keep_count(tx, KeptCount(f"q{n}", "openings", "UTC", ("kind",), ("cases_opened",), n, n, ()))
                put(tx, "care_greeting", {**greeted, **settled, "party_id": 2 * n})
                forecast = {"day": f"2026-03-0{n}", "timer_id": n, "case_id": n, "made_at": n, "due_at": n + 1}
                put(tx, "day_forecast", {**forecast, "probability": n, "model": "forecast-0001"})
                for name, row in _duty(n):
                    put(tx, name, row)
        assert anchor(store, START + 20 * DAY) is not None
        assert verify(store).faults == ()
    with closing(sqlite3.connect(home / "closeloop.db")) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        counts = {table.name: raw.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0] for table in tables()}
    assert [name for name, count in counts.items() if count < 2 and name != "store_info"] == []


def _add_customers(store: Store) -> None:
    from engine.commands.open_case import Opening, open_case
    from tests.case_actions import contact

    for person in (*PEOPLE, {**PEOPLE[0], "email": None, "name": "other"}, {**PEOPLE[1], "email": None, "name": "x"}):
        fields = {"customer": person["name"], "phone": person["phone"], "email": person["email"]}
        opening = Opening(contact(9 * DAY, **fields, shipment="SF1234567"), key=f"key-{person['name']}")
        open_case(store, opening, START + 9 * DAY)


def put(tx: Tx, name: str, row: dict[str, Any]) -> None:
    """Insert a row as the store does: where the table is journalled, with its entry."""
    marks = ", ".join(f":{column}" for column in row)
    tx.run(f"INSERT INTO {name} ({', '.join(row)}) VALUES ({marks})", **row)
    if name in KEYS:
        journal_row(tx, name, [row[column] for column in KEYS[name]], "sue", 5)


def _settings(home: Path) -> Settings:
    from tests.audit.honest_store import settings_in

    return settings_in(home)


@dataclass(frozen=True)
class Tampering:
    """One change of one table: of a column, or of whole rows."""

    table: str
    what: str
    row: int = 0

    @property
    def name(self) -> str:
        return f"{self.table}.{self.what}"


def tamperings(rows: int) -> Iterator[Tampering]:
    """Yield a change of each column in so many rows of each table, and a deletion, an insertion, an exchange."""
    for table in tables():
        for row in range(rows):
            for column in table.columns:
                yield Tampering(table.name, column.name, row)
            for change in WHOLE_ROWS:
                if table.name != "store_info":
                    yield Tampering(table.name, change, row)


@dataclass
class Scene:
    """An untampered store, and the copy in which each change is made."""

    home: Path
    copy: Path
    random: Random

    @classmethod
    def built(cls, folder: Path) -> "Scene":
        home, copy = folder / "original", folder / "copy"
        home.mkdir()
        build(home)
        shutil.copytree(home, copy)
        return cls(home, copy, Random(SEED))

    def faults_after(self, tampering: Tampering) -> list[str] | None:
        """Return the faults that are reported after a change; None where the row or value does not exist."""
        for beside in ("closeloop.db-wal", "closeloop.db-shm"):
            (self.copy / beside).unlink(missing_ok=True)
        shutil.copyfile(self.home / "closeloop.db", self.copy / "closeloop.db")
        with closing(sqlite3.connect(self.copy / "closeloop.db")) as raw:
            raw.row_factory = sqlite3.Row
            if not tamper(raw, tampering, self.random):
                return None
            raw.commit()
        with closing(_settings(self.copy).store()) as store:
            try:
                return [f"{fault.number} {fault.seq} {fault.what}" for fault in verify(store).faults]
            except Refused as refused:  # the store is not even opened
                return [refused.code]


def tamper(raw: sqlite3.Connection, tampering: Tampering, random: Random) -> bool:
    """Change the store; return False where there is nothing to change."""
    [table] = [each for each in tables() if each.name == tampering.table]
    rows = raw.execute(f"SELECT rowid AS at, * FROM {table.name} ORDER BY rowid").fetchall()
    row = rows[tampering.row % len(rows)]
    if tampering.what == "delete":
        raw.execute(f"DELETE FROM {table.name} WHERE rowid = ?", (row["at"],))
        return True
    if tampering.what == "insert":
        return _insert(raw, table, row)
    if tampering.what == "swap":
        return _swap(raw, table, row, rows[(tampering.row + 1) % len(rows)])
    for value in _other_values(table.columns[tampering.what], [each[tampering.what] for each in rows], row, random):
        try:
            sql = f"UPDATE {table.name} SET {tampering.what} = ? WHERE rowid = ?"
            raw.execute(sql, (value, row["at"]))
        except sqlite3.IntegrityError:
            continue
        return True
    return False


def _other_values(column: Any, known: list[Any], row: Any, random: Random) -> Iterator[Any]:
    """Yield values of the column's type that differ from the row's: first those of other rows, then others."""
    value = row[column.name]
    others = sorted({each for each in known if each is not None and each != value}, key=repr)
    random.shuffle(others)
    yield from others
    sort = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    if isinstance(sort, Boolean):
        yield 0 if value else 1
    elif isinstance(sort, Integer):
        yield (value or 0) + 1
        yield (value or 0) + 1_000_003
    elif isinstance(sort, LargeBinary):
        yield bytes(32)
    else:
        yield f"{value or ''}x"
    if column.nullable and value is not None:
        yield None


def _insert(raw: sqlite3.Connection, table: Table, row: Any) -> bool:
    """Insert the row once more under another key."""
    values = {column.name: row[column.name] for column in table.columns}
    for key in reversed(list(table.primary_key)):
        for other in _other_values(key, [], row, Random(SEED)):
            try:
                marks = ", ".join("?" * len(values))
                changed = {**values, key.name: other}
                if table.name in {"cases", "actor"}:
                    changed |= {"number": "cp-26-000999"} if table.name == "cases" else {"handle": "eve"}
                if "identity" in changed:
                    changed["identity"] = None
                raw.execute(f"INSERT INTO {table.name} ({', '.join(changed)}) VALUES ({marks})", list(changed.values()))
            except sqlite3.IntegrityError:
                continue
            return True
    return False


def _swap(raw: sqlite3.Connection, table: Table, row: Any, other: Any) -> bool:
    """Exchange everything but the keys of two rows."""
    keys = {column.name for column in table.primary_key}
    names = [column.name for column in table.columns if column.name not in keys]
    if row["at"] == other["at"] or [row[name] for name in names] == [other[name] for name in names]:
        return False
    changes = ", ".join(f"{name} = ?" for name in names)
    unique = [column.name for column in table.columns if column.unique and column.name in names]
    for name in unique:
        raw.execute(f"UPDATE {table.name} SET {name} = 'aside' WHERE rowid = ?", (row["at"],))
    try:
        for to, like in ((other, row), (row, other)):
            raw.execute(f"UPDATE {table.name} SET {changes} WHERE rowid = ?", [*(like[n] for n in names), to["at"]])
    except sqlite3.IntegrityError:
        return False
    return True
