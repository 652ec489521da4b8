"""Tampers with a store at random in every known way, and checks that the verifiers report each tampering.

``python -m tests.audit.tamperings --count 5000`` is the long form; its last line holds the figures as JSON. A careful
rewrite (chain recomputed, case row adapted) changes only what was anchored: a copy of what was written since the last
anchor exists nowhere else, so a careful rewrite of it cannot be detected.
"""

import argparse
import importlib.util
import itertools
import json
import re
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from engine.audit.verify import verify
from engine.ledger.chain import GENESIS, canonical, chain_hash, digest
from engine.ledger.leaves import read_leaves
from engine.ledger.record import record_of
from tests.audit.honest_store import ANCHORED, build_store, rows_of, settings_in
from tests.docs.pages import ROOT

TRANSITION = (
    *("seq", "move", "source", "dest", "cycle", "level", "actor_id", "via", "occurred_at", "recorded_at"),
    *("inferred", "lifecycle", "form", "hash"),
)
CASE = (
    *(
        "number",
        "kind",
        "state",
        "previous_state",
        "closed",
        "version",
        "head",
        "cycle",
        "level",
        "attempts",
        "category",
    ),
    *("severity", "department", "owner", "channel", "customer_type", "variables", "opened_at", "changed_at"),
)
STEP = ("case_id", "seq", "clause", "cycle", "percent", "level", "due_at", "recorded_at", "step", "timer_id")
STATEMENT = ("seq", "field", "content", "salt")
EDITED = {"transition": TRANSITION, "cases": CASE, "escalation_step": STEP, "statement": STATEMENT}
CLEVER = ("actor_id", "via", "occurred_at", "lifecycle")
"""Columns that no other column depends on: after recomputing the chain, nothing else needs to be adapted."""
STANDALONE_EVERY = 4
"""Every so many stores, the auditor's one-file verifier checks the store as well."""
OF_A_CASE = (
    "statement",
    "fingerprint",
    "notice",
    "reading",
    "refused_attempt",
    "escalation_step",
    "timer",
    "delivery",
    "outbox_event",
    "callback",
    "idempotency_key",
    "transition",
)


@dataclass
class Attacker:
    """Somebody who may write to the database and knows how the store works."""

    raw: sqlite3.Connection
    random: Random
    anchored: dict[int, int]
    """The sequence number up to which each case's chain was anchored."""
    left: set[int] | None = None
    """The cases that no other attacker has changed, if several attack one store."""
    touched: set[str] = field(default_factory=set[str])
    """The numbers of the cases that were changed."""

    def run(self, sql: str, **values: Any) -> int:
        return self.raw.execute(sql, values).rowcount

    def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in self.raw.execute(sql, values)]

    def any_row(self, table: str, where: str = "1") -> dict[str, Any]:
        top = self.rows(f"SELECT max(rowid) AS top FROM {table}")[0]["top"]
        while True:
            at = self.random.randint(1, top)
            sql = f"SELECT rowid AS at, * FROM {table} WHERE rowid >= :at AND {where} LIMIT 1"
            if (rows := self.rows(sql, at=at)) and self.claim(rows[0]["id" if table == "cases" else "case_id"]):
                return rows[0]

    def any_case(self, least: int = 1) -> int:
        case_ids = [case_id for case_id, seq in self.anchored.items() if seq >= least]
        while not self.claim(case_id := self.random.choice(case_ids)):
            pass
        return case_id

    def claim(self, case_id: int) -> bool:
        """Reserve the case, so that a fault can be attributed to one attacker; False if another has it."""
        if self.left is not None:
            if case_id not in self.left:
                return False
            self.left.remove(case_id)
        self.touched |= {row["number"] for row in self.rows("SELECT number FROM cases WHERE id = :id", id=case_id)}
        return True

    def columns(self, table: str) -> list[str]:
        """Return the columns to edit; a row is moved to another case only if this attacker is alone."""
        return [name for name in EDITED[table] if self.left is None or name not in {"case_id", "timer_id"}]

    def history(self, case_id: int) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM transition WHERE case_id = :case_id ORDER BY seq", case_id=case_id)

    def rechain(self, case_id: int) -> None:
        """Recompute every hash of the case, and the head in its row."""
        [case] = self.rows("SELECT * FROM cases WHERE id = :id", id=case_id)
        before = GENESIS
        for row in self.history(case_id):
            row.pop("hash")
            before = chain_hash(before, record_of(case["number"], row))
            sql = "UPDATE transition SET hash = :hash WHERE case_id = :case_id AND seq = :seq"
            self.run(sql, hash=before, case_id=case_id, seq=row["seq"])
        self.run("UPDATE cases SET head = :head WHERE id = :id", head=before, id=case_id)

    def insert(self, table: str, row: dict[str, Any]) -> None:
        names = ", ".join(row)
        self.run(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in row)})", **row)

    def other(self, value: Any) -> Any:
        if isinstance(value, int):
            return value + self.random.choice((-1, 1, 7))
        return self.random.choice(("x", "resolved", "{}", f"{value or ''}x")) if value != "x" else "y"


Tampering = Callable[[Attacker], str]


def one_file_verifier() -> Any:
    """Load the one-file verifier, which imports nothing of closeloop, as a module."""
    spec = importlib.util.spec_from_file_location("verify_elsewhere", ROOT / "deploy" / "verify.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


STANDALONE = one_file_verifier()
NOT_STANDALONE = re.compile(
    r"escalation_step|cases\.(kind|previous_state|closed|attempts|category|severity|department|owner|channel"
    r"|customer_type|variables|opened_at|changed_at)"
)
"""Columns outside the chains: the store's own verifier derives them from the chains, the one-file verifier does not."""


def edit(attacker: Attacker) -> str:
    """Change one value of one row."""
    table = attacker.random.choice(list(EDITED))
    column = attacker.random.choice(attacker.columns(table))
    row = attacker.any_row(table, "content IS NOT NULL" if table == "statement" else "1")
    value = attacker.other(row[column])
    if value == row[column]:
        value = f"{value}y"
    attacker.run(f"UPDATE OR REPLACE {table} SET {column} = :value WHERE rowid = :at", value=value, at=row["at"])
    return f"{table}.{column}"


def delete(attacker: Attacker) -> str:
    """Delete one row."""
    table = attacker.random.choice(("transition", "statement", "escalation_step", "cases"))
    attacker.run(f"DELETE FROM {table} WHERE rowid = :at", at=attacker.any_row(table)["at"])
    return table


def reorder(attacker: Attacker) -> str:
    """Exchange two moves of a case, with or without recomputed hashes."""
    case_id = attacker.any_case(least=3)
    first, second = attacker.random.sample([row["seq"] for row in attacker.history(case_id)], 2)
    sql = "UPDATE transition SET seq = :to WHERE case_id = :case_id AND seq = :seq"
    for seq, to in ((first, -1), (second, first), (-1, second)):
        attacker.run(sql, case_id=case_id, seq=seq, to=to)
    if careful := attacker.random.random() < 0.5 and min(first, second) <= attacker.anchored[case_id]:
        attacker.rechain(case_id)
    return "recomputed" if careful else "as they are"


def truncate(attacker: Attacker) -> str:
    """Delete the end of a history; with care, also set the case's row back."""
    case_id = attacker.any_case(least=3)
    keep = attacker.random.randint(1, attacker.anchored[case_id] - 1)
    for table in ("transition", "statement", "escalation_step"):
        attacker.run(f"DELETE FROM {table} WHERE case_id = :case_id AND seq > :keep", case_id=case_id, keep=keep)
    if attacker.random.random() < 0.3:
        return "plain"
    last = attacker.history(case_id)[-1]
    values = {"version": keep, "head": last["hash"], "state": last["dest"], "cycle": last["cycle"]}
    values |= {"level": last["level"], "changed_at": last["recorded_at"], "closed": False}
    changes = ", ".join(f"{name} = :{name}" for name in values)
    attacker.run(f"UPDATE cases SET {changes} WHERE id = :id", id=case_id, **values)
    attacker.run("DELETE FROM timer WHERE case_id = :case_id", case_id=case_id)
    attacker.run("DELETE FROM escalation_step WHERE case_id = :case_id", case_id=case_id)
    return "careful"


def whole(attacker: Attacker) -> str:
    """Delete a case with all its rows."""
    case_id = attacker.any_case()
    for table in OF_A_CASE:
        attacker.run(f"DELETE FROM {table} WHERE case_id = :case_id", case_id=case_id)
    attacker.run("DELETE FROM cases WHERE id = :case_id", case_id=case_id)
    return "a case"


def rewrite(attacker: Attacker) -> str:
    """Rewrite an actor, instant, channel or text of a move, and recompute every hash."""
    case_id = attacker.any_case()
    seq = attacker.random.randint(1, attacker.anchored[case_id])
    where = {"case_id": case_id, "seq": seq}
    statements = attacker.rows(
        "SELECT * FROM statement WHERE case_id = :case_id AND seq = :seq AND content IS NOT NULL", **where
    )
    if statements and attacker.random.random() < 0.5:
        return _rewrite_text(attacker, statements[0], where)
    column = attacker.random.choice(CLEVER)
    row = attacker.history(case_id)[seq - 1]
    value = row[column] - 1 if isinstance(row[column], int) and row[column] > 1 else attacker.other(row[column])
    attacker.run(
        f"UPDATE transition SET {column} = :value WHERE case_id = :case_id AND seq = :seq", value=value, **where
    )
    if column == "occurred_at" and seq == 1:
        attacker.run("UPDATE cases SET opened_at = :value WHERE id = :id", value=value, id=case_id)
    attacker.rechain(case_id)
    return column


def _rewrite_text(attacker: Attacker, statement: dict[str, Any], where: dict[str, int]) -> str:
    text = "It was the customer's own fault."
    form = json.loads(attacker.history(where["case_id"])[where["seq"] - 1]["form"])
    form[statement["field"]] = {"sha256": digest(statement["salt"], text)}
    attacker.run(
        "UPDATE statement SET content = :text WHERE case_id = :case_id AND seq = :seq AND field = :field",
        text=text,
        field=statement["field"],
        **where,
    )
    sql = "UPDATE transition SET form = :form WHERE case_id = :case_id AND seq = :seq"
    attacker.run(sql, form=canonical(form), **where)
    attacker.rechain(where["case_id"])
    return "text"


def graft(attacker: Attacker) -> str:
    """Move rows of one case to another, or invent a case in the past."""
    return attacker.random.choice((_swap_cases, _copy_move, _invent_case))(attacker)


def _swap_cases(attacker: Attacker) -> str:
    """Exchange the histories of two cases."""
    first, second = attacker.any_case(), attacker.any_case()
    while second == first:
        second = attacker.any_case()
    for table in ("transition", "statement", "escalation_step", "timer"):
        for case_id, to in ((first, -1), (second, first), (-1, second)):
            attacker.run(f"UPDATE {table} SET case_id = :to WHERE case_id = :case_id", case_id=case_id, to=to)
    rows = attacker.rows("SELECT * FROM cases WHERE id IN (:first, :second)", first=first, second=second)
    by_id = {row["id"]: row for row in rows}
    for case_id, like in ((first, by_id[second]), (second, by_id[first])):
        values = {name: like[name] for name in CASE if name != "number"}
        changes = ", ".join(f"{name} = :{name}" for name in values)
        attacker.run(f"UPDATE cases SET {changes} WHERE id = :id", id=case_id, **values)
        attacker.rechain(case_id)
    return "exchanged"


def _copy_move(attacker: Attacker) -> str:
    """Insert a move of another case into the history of this one."""
    case_id, source = attacker.any_case(), attacker.any_case()
    at = attacker.random.randint(1, attacker.anchored[case_id])
    history = attacker.history(case_id)
    for row in reversed(history[at:]):
        for table in ("transition", "statement", "escalation_step"):
            sql = f"UPDATE {table} SET seq = seq + 1 WHERE case_id = :case_id AND seq = :seq"
            attacker.run(sql, case_id=case_id, seq=row["seq"])
    copied = attacker.random.choice(attacker.history(source))
    stays = history[at - 1]
    like = {"case_id": case_id, "seq": at + 1, "form": "{}", "source": stays["dest"], "dest": stays["dest"]}
    like |= {name: stays[name] for name in ("cycle", "level", "recorded_at", "occurred_at")}
    attacker.insert("transition", copied | like)
    attacker.run("UPDATE cases SET version = version + 1 WHERE id = :id", id=case_id)
    attacker.rechain(case_id)
    return "a move"


def _invent_case(attacker: Attacker) -> str:
    """Insert a case with the history of another, as if it were older than the last anchor."""
    source = attacker.any_case()
    top = attacker.rows("SELECT max(id) AS top FROM cases")[0]["top"] + 1
    [case] = attacker.rows("SELECT * FROM cases WHERE id = :id", id=source)
    attacker.insert("cases", case | {"id": top, "number": f"{case['number'][:6]}{top:06d}"})
    for table in ("transition", "statement"):
        for row in attacker.rows(f"SELECT * FROM {table} WHERE case_id = :source", source=source):
            attacker.insert(table, row | {"case_id": top})
    attacker.rechain(top)
    attacker.touched = {f"{case['number'][:6]}{top:06d}"}
    return "a case"


TAMPERINGS: dict[str, Tampering] = {
    tampering.__name__: tampering for tampering in (edit, delete, reorder, truncate, whole, rewrite, graft)
}


@dataclass(frozen=True)
class Attack:
    """The tampering of one attacker, and the cases that it changed."""

    sort: str
    did: str
    touched: set[str]

    def detected_by(self, faults: set[tuple[str, str]], together: int) -> bool:
        """Say whether a fault reports it; if several attacked the store, a fault of one of its cases."""
        return bool(faults) if together == 1 else any(number in self.touched for number, _ in faults)


@dataclass
class AttackScene:
    """An untampered store, and a copy of it in which each attack is made."""

    home: Path
    copy: Path
    anchored: dict[int, int]

    @classmethod
    def built(cls, folder: Path, cases: int, seed: int) -> "AttackScene":
        """Build the store once. No attack changes its anchors: they are kept elsewhere."""
        home, copy = folder / "original", folder / "copy"
        home.mkdir()
        with closing(build_store(settings_in(home), cases, seed)) as store:
            assert verify(store).ok
        with closing(sqlite3.connect(home / "closeloop.db")) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copytree(home, copy)
        leaves = {leaf.id: leaf.seq for leaf in read_leaves(home / "anchors", 1 + len(ANCHORED)) if leaf.id}
        return cls(home, copy, leaves)

    def attack(self, tamperings: Sequence[Tampering], random: Random) -> list[Attack]:
        """Restore the copy, then tamper with it, each attacker in cases of his own; return what was done."""
        for name in ("closeloop.db-wal", "closeloop.db-shm"):
            (self.copy / name).unlink(missing_ok=True)
        shutil.copyfile(self.home / "closeloop.db", self.copy / "closeloop.db")
        left = set(self.anchored) if len(tamperings) > 1 else None
        done: list[Attack] = []
        with closing(sqlite3.connect(self.copy / "closeloop.db", isolation_level=None)) as raw:
            raw.row_factory = sqlite3.Row
            raw.execute("PRAGMA synchronous = OFF")
            raw.execute("BEGIN")
            for tampering in tamperings:
                attacker = Attacker(raw, random, self.anchored, left)
                done.append(Attack(tampering.__name__, tampering(attacker), attacker.touched))
            raw.execute("COMMIT")
        return done

    def faults(self) -> set[tuple[str, str]]:
        """Return the faults that the verifier reports of the copy: case and fault."""
        with closing(settings_in(self.copy).store()) as store:
            return {(fault.number, fault.what) for fault in verify(store).faults}

    def standalone_faults(self) -> set[tuple[str, str]]:
        """Return the faults that the one-file verifier reports of the copy."""
        options = argparse.Namespace(anchors=self.copy / "anchors", state=None, key=None, accept_anew=False)
        return {(number, what) for number, _, what in STANDALONE.check(self.copy / "closeloop.db", options)}


def attacks(scene: AttackScene, count: int, seed: int, together: int = 1) -> Iterator[tuple[Attack, bool]]:
    """Run the tamperings in turn; yield each with whether it was detected, at intervals by both verifiers.

    Where several are made ``together``, in different cases, a fault must name a case of each.
    """
    random = Random(seed)
    turns = itertools.islice(itertools.cycle(TAMPERINGS.values()), count)
    for number in itertools.count():
        if not (tamperings := list(itertools.islice(turns, together))):
            return
        done = scene.attack(tamperings, random)
        faults = scene.faults()
        yield from ((attack, attack.detected_by(faults, together)) for attack in done)
        if number % STANDALONE_EVERY == 0:
            faults = scene.standalone_faults()
            for attack in done:
                if not NOT_STANDALONE.match(attack.did):
                    yield replace(attack, sort=f"{attack.sort}, elsewhere"), attack.detected_by(faults, together)


def main() -> int:
    """Run the long form; print the figures as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--honest", type=int, default=100_000, help="untampered rows, to be verified without a fault")
    parser.add_argument("--together", type=int, default=1, help="so many attacks on one store, in different cases")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    done: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        scene = AttackScene.built(Path(folder), options.cases, options.seed)
        for attack, detected in attacks(scene, options.count, options.seed, options.together):
            done[attack.sort] += 1
            if not detected:
                missed[f"{attack.sort}: {attack.did}"] += 1
            if done.total() % 500 == 0:
                sys.stderr.write(f"{done.total()} checked, {missed.total()} missed\n")
    honest, alarms = _verify_untampered(options.honest, options.seed)
    figures = {
        "tamperings": options.count,
        "together": options.together,
        "by": done,
        "missed": missed,
        "honest_rows": honest,
        "false_alarms": alarms,
    }
    sys.stdout.write(json.dumps(figures) + "\n")
    return 1 if missed or alarms else 0


def _verify_untampered(rows: int, seed: int) -> tuple[int, int]:
    if not rows:
        return 0, 0
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(build_store(settings_in(Path(folder)), rows // 28, seed)) as store,
    ):
        return rows_of(store), len(verify(store).faults)


if __name__ == "__main__":
    sys.exit(main())
