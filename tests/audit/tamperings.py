"""Tampers with a store in every way we know, at random, and asks whether each was found.

``python -m tests.audit.tamperings --count 5000`` is the long form; its last line is the figure in JSON. What is
rewritten with care (chain recomputed, row brought up to it) is something that was anchored: what was written since the
last anchor nobody outside has seen yet, and only what is careless about it can be found.
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
from tests.audit.honest_store import ANCHORED, built, rows_of, settings_in
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
RUNG = ("case_id", "seq", "clause", "cycle", "percent", "level", "due_at", "recorded_at", "step", "timer_id")
STATEMENT = ("seq", "field", "content", "salt")
EDITED = {"transition": TRANSITION, "cases": CASE, "escalation_step": RUNG, "statement": STATEMENT}
CLEVER = ("actor_id", "via", "occurred_at", "lifecycle")
"""Columns of which the rest of the row says nothing: whoever recomputes the chain has nothing else to mend."""
OFTEN = 4
"""Each so manieth store is also looked at by the verifier that an auditor takes elsewhere."""
OF_A_CASE = (
    "statement",
    "escalation_step",
    "timer",
    "delivery",
    "outbox_event",
    "callback",
    "idempotency_key",
    "transition",
)


@dataclass
class Burglar:
    """Somebody who may write to the database, knows how it works, and has all the time he wants."""

    raw: sqlite3.Connection
    random: Random
    anchored: dict[int, int]
    """How far each case's chain was anchored."""
    left: set[int] | None = None
    """The cases that no other burglar of this night has been at, if there are several."""
    touched: set[str] = field(default_factory=set[str])
    """The numbers of the cases he was at."""

    def run(self, sql: str, **values: Any) -> int:
        return self.raw.execute(sql, values).rowcount

    def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in self.raw.execute(sql, values)]

    def any_row(self, table: str, where: str = "1") -> dict[str, Any]:
        top = self.rows(f"SELECT max(rowid) AS top FROM {table}")[0]["top"]
        while True:
            at = self.random.randint(1, top)
            sql = f"SELECT rowid AS at, * FROM {table} WHERE rowid >= :at AND {where} LIMIT 1"
            if (found := self.rows(sql, at=at)) and self.takes(found[0]["id" if table == "cases" else "case_id"]):
                return found[0]

    def any_case(self, least: int = 1) -> int:
        while not self.takes(one := self.random.choice([key for key, seq in self.anchored.items() if seq >= least])):
            pass
        return one

    def takes(self, case_id: int) -> bool:
        """Go at this case, unless another burglar is at it, or nobody could say whose it was."""
        if self.left is not None:
            if case_id not in self.left:
                return False
            self.left.remove(case_id)
        self.touched |= {row["number"] for row in self.rows("SELECT number FROM cases WHERE id = :id", id=case_id)}
        return True

    def columns(self, table: str) -> list[str]:
        """What he may edit; what hangs one case's rows on another is done by one burglar alone."""
        return [name for name in EDITED[table] if self.left is None or name not in {"case_id", "timer_id"}]

    def history(self, case_id: int) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM transition WHERE case_id = :case_id ORDER BY seq", case_id=case_id)

    def rechain(self, case_id: int) -> None:
        """Make every hash follow again, and bring the case's row up to it."""
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


Tampering = Callable[[Burglar], str]


def one_file_verifier() -> Any:
    """The verifier that has nothing of closeloop, as a module."""
    spec = importlib.util.spec_from_file_location("verify_elsewhere", ROOT / "deploy" / "verify.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ELSEWHERE = one_file_verifier()
NOT_ELSEWHERE = re.compile(
    r"escalation_step|cases\.(kind|previous_state|closed|attempts|category|severity|department|owner|channel"
    r"|customer_type|variables|opened_at|changed_at)"
)
"""What is no part of the chains: the store's own verifier knows what follows from them, the other one does not."""


def edit(burglar: Burglar) -> str:
    """One value of one row is another."""
    table = burglar.random.choice(list(EDITED))
    column = burglar.random.choice(burglar.columns(table))
    row = burglar.any_row(table, "content IS NOT NULL" if table == "statement" else "1")
    value = burglar.other(row[column])
    if value == row[column]:
        value = f"{value}y"
    burglar.run(f"UPDATE OR REPLACE {table} SET {column} = :value WHERE rowid = :at", value=value, at=row["at"])
    return f"{table}.{column}"


def delete(burglar: Burglar) -> str:
    """One row is gone."""
    table = burglar.random.choice(("transition", "statement", "escalation_step", "cases"))
    burglar.run(f"DELETE FROM {table} WHERE rowid = :at", at=burglar.any_row(table)["at"])
    return table


def reorder(burglar: Burglar) -> str:
    """Two moves of a case change places, with their hashes or without."""
    case_id = burglar.any_case(least=3)
    one, other = burglar.random.sample([row["seq"] for row in burglar.history(case_id)], 2)
    sql = "UPDATE transition SET seq = :to WHERE case_id = :case_id AND seq = :seq"
    for seq, to in ((one, -1), (other, one), (-1, other)):
        burglar.run(sql, case_id=case_id, seq=seq, to=to)
    if careful := burglar.random.random() < 0.5 and min(one, other) <= burglar.anchored[case_id]:
        burglar.rechain(case_id)
    return "recomputed" if careful else "as they are"


def truncate(burglar: Burglar) -> str:
    """The end of a history is gone; the careful one takes the case's row back to where it then stood."""
    case_id = burglar.any_case(least=3)
    keep = burglar.random.randint(1, burglar.anchored[case_id] - 1)
    for table in ("transition", "statement", "escalation_step"):
        burglar.run(f"DELETE FROM {table} WHERE case_id = :case_id AND seq > :keep", case_id=case_id, keep=keep)
    if burglar.random.random() < 0.3:
        return "plain"
    last = burglar.history(case_id)[-1]
    told = {"version": keep, "head": last["hash"], "state": last["dest"], "cycle": last["cycle"]}
    told |= {"level": last["level"], "changed_at": last["recorded_at"], "closed": False}
    changes = ", ".join(f"{name} = :{name}" for name in told)
    burglar.run(f"UPDATE cases SET {changes} WHERE id = :id", id=case_id, **told)
    burglar.run("DELETE FROM timer WHERE case_id = :case_id", case_id=case_id)
    burglar.run("DELETE FROM escalation_step WHERE case_id = :case_id", case_id=case_id)
    return "careful"


def whole(burglar: Burglar) -> str:
    """A case was never there."""
    case_id = burglar.any_case()
    for table in OF_A_CASE:
        burglar.run(f"DELETE FROM {table} WHERE case_id = :case_id", case_id=case_id)
    burglar.run("DELETE FROM cases WHERE id = :case_id", case_id=case_id)
    return "a case"


def rewrite(burglar: Burglar) -> str:
    """Something else was done, by somebody else, or was said in other words; and every hash says so."""
    case_id = burglar.any_case()
    seq = burglar.random.randint(1, burglar.anchored[case_id])
    where = {"case_id": case_id, "seq": seq}
    said = burglar.rows(
        "SELECT * FROM statement WHERE case_id = :case_id AND seq = :seq AND content IS NOT NULL", **where
    )
    if said and burglar.random.random() < 0.5:
        return _reworded(burglar, said[0], where)
    column = burglar.random.choice(CLEVER)
    row = burglar.history(case_id)[seq - 1]
    value = row[column] - 1 if isinstance(row[column], int) and row[column] > 1 else burglar.other(row[column])
    burglar.run(
        f"UPDATE transition SET {column} = :value WHERE case_id = :case_id AND seq = :seq", value=value, **where
    )
    if column == "occurred_at" and seq == 1:
        burglar.run("UPDATE cases SET opened_at = :value WHERE id = :id", value=value, id=case_id)
    burglar.rechain(case_id)
    return column


def _reworded(burglar: Burglar, said: dict[str, Any], where: dict[str, int]) -> str:
    words = "It was the customer's own fault."
    form = json.loads(burglar.history(where["case_id"])[where["seq"] - 1]["form"])
    form[said["field"]] = {"sha256": digest(said["salt"], words)}
    burglar.run(
        "UPDATE statement SET content = :words WHERE case_id = :case_id AND seq = :seq AND field = :field",
        words=words,
        field=said["field"],
        **where,
    )
    sql = "UPDATE transition SET form = :form WHERE case_id = :case_id AND seq = :seq"
    burglar.run(sql, form=canonical(form), **where)
    burglar.rechain(where["case_id"])
    return "words"


def graft(burglar: Burglar) -> str:
    """What belongs to one case is put onto another, or a history that never was is put into the past."""
    return burglar.random.choice((_swapped, _repeated, _invented))(burglar)


def _swapped(burglar: Burglar) -> str:
    """Two cases exchange all they lived through."""
    one, other = burglar.any_case(), burglar.any_case()
    while other == one:
        other = burglar.any_case()
    for table in ("transition", "statement", "escalation_step", "timer"):
        for case_id, to in ((one, -1), (other, one), (-1, other)):
            burglar.run(f"UPDATE {table} SET case_id = :to WHERE case_id = :case_id", case_id=case_id, to=to)
    numbers = {
        row["id"]: row for row in burglar.rows("SELECT * FROM cases WHERE id IN (:one, :other)", one=one, other=other)
    }
    for case_id, like in ((one, numbers[other]), (other, numbers[one])):
        told = {name: like[name] for name in CASE if name != "number"}
        changes = ", ".join(f"{name} = :{name}" for name in told)
        burglar.run(f"UPDATE cases SET {changes} WHERE id = :id", id=case_id, **told)
        burglar.rechain(case_id)
    return "exchanged"


def _repeated(burglar: Burglar) -> str:
    """A note that somebody made in another case stands in this one, too."""
    case_id, giver = burglar.any_case(), burglar.any_case()
    at = burglar.random.randint(1, burglar.anchored[case_id])
    history = burglar.history(case_id)
    for row in reversed(history[at:]):
        for table in ("transition", "statement", "escalation_step"):
            sql = f"UPDATE {table} SET seq = seq + 1 WHERE case_id = :case_id AND seq = :seq"
            burglar.run(sql, case_id=case_id, seq=row["seq"])
    taken = burglar.random.choice(burglar.history(giver))
    stays = history[at - 1]
    like = {"case_id": case_id, "seq": at + 1, "form": "{}", "source": stays["dest"], "dest": stays["dest"]}
    like |= {name: stays[name] for name in ("cycle", "level", "recorded_at", "occurred_at")}
    burglar.insert("transition", taken | like)
    burglar.run("UPDATE cases SET version = version + 1 WHERE id = :id", id=case_id)
    burglar.rechain(case_id)
    return "a move"


def _invented(burglar: Burglar) -> str:
    """A case that never was, with the history of another, from before the last anchor."""
    giver = burglar.any_case()
    top = burglar.rows("SELECT max(id) AS top FROM cases")[0]["top"] + 1
    [case] = burglar.rows("SELECT * FROM cases WHERE id = :id", id=giver)
    burglar.insert("cases", case | {"id": top, "number": f"{case['number'][:6]}{top:06d}"})
    for table in ("transition", "statement"):
        for row in burglar.rows(f"SELECT * FROM {table} WHERE case_id = :giver", giver=giver):
            burglar.insert(table, row | {"case_id": top})
    burglar.rechain(top)
    burglar.touched = {f"{case['number'][:6]}{top:06d}"}
    return "a case"


TAMPERINGS: dict[str, Tampering] = {
    tampering.__name__: tampering for tampering in (edit, delete, reorder, truncate, whole, rewrite, graft)
}


@dataclass(frozen=True)
class Burglary:
    """What was done, and in which cases."""

    sort: str
    did: str
    touched: set[str]

    def found_by(self, faults: set[tuple[str, str]], together: int) -> bool:
        """Whether the faults speak of it; among others, by the name of its case."""
        return bool(faults) if together == 1 else any(number in self.touched for number, _ in faults)


@dataclass
class Scene:
    """A store that is honest, and a copy of it for each burglary."""

    home: Path
    copy: Path
    anchored: dict[int, int]

    @classmethod
    def built(cls, folder: Path, cases: int, seed: int) -> "Scene":
        """Build the store once. Its anchors are never touched: they lie elsewhere."""
        home, copy = folder / "honest", folder / "robbed"
        home.mkdir()
        with closing(built(settings_in(home), cases, seed)) as store:
            assert verify(store).ok
        with closing(sqlite3.connect(home / "closeloop.db")) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copytree(home, copy)
        leaves = {leaf.id: leaf.seq for leaf in read_leaves(home / "anchors", len(ANCHORED))}
        return cls(home, copy, leaves)

    def robbed(self, tamperings: Sequence[Tampering], random: Random) -> list[Burglary]:
        """Make the copy like the original again and let the burglars in, each at cases of his own; what they did."""
        for gone in ("closeloop.db-wal", "closeloop.db-shm"):
            (self.copy / gone).unlink(missing_ok=True)
        shutil.copyfile(self.home / "closeloop.db", self.copy / "closeloop.db")
        left = set(self.anchored) if len(tamperings) > 1 else None
        done: list[Burglary] = []
        with closing(sqlite3.connect(self.copy / "closeloop.db", isolation_level=None)) as raw:
            raw.row_factory = sqlite3.Row
            raw.execute("PRAGMA synchronous = OFF")
            raw.execute("BEGIN")
            for tampering in tamperings:
                burglar = Burglar(raw, random, self.anchored, left)
                done.append(Burglary(tampering.__name__, tampering(burglar), burglar.touched))
            raw.execute("COMMIT")
        return done

    def faults(self) -> set[tuple[str, str]]:
        """What the verifier finds in the copy: case and fault."""
        with closing(settings_in(self.copy).store()) as store:
            return {(fault.number, fault.what) for fault in verify(store).faults}

    def faults_elsewhere(self) -> set[tuple[str, str]]:
        """What the one-file verifier finds in it."""
        given = argparse.Namespace(anchors=self.copy / "anchors", state=None, key=None, accept_anew=False)
        return {(number, what) for number, _, what in ELSEWHERE.check(self.copy / "closeloop.db", given)}


def burglaries(scene: Scene, count: int, seed: int, together: int = 1) -> Iterator[tuple[Burglary, bool]]:
    """Each tampering by turns, and whether it was found, now and then by both verifiers.

    Where several are done ``together``, in different cases, each must be found by the name of its own case.
    """
    random = Random(seed)
    turns = itertools.islice(itertools.cycle(TAMPERINGS.values()), count)
    for night in itertools.count():
        if not (tamperings := list(itertools.islice(turns, together))):
            return
        done = scene.robbed(tamperings, random)
        found = scene.faults()
        yield from ((one, one.found_by(found, together)) for one in done)
        if night % OFTEN == 0:
            found = scene.faults_elsewhere()
            there = [one for one in done if not NOT_ELSEWHERE.match(one.did)]
            yield from ((replace(one, sort=f"{one.sort}, elsewhere"), one.found_by(found, together)) for one in there)


def main() -> int:
    """The long form."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--honest", type=int, default=100_000, help="rows in which nothing may be found")
    parser.add_argument("--together", type=int, default=1, help="so many in one store, in different cases")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    done: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene.built(Path(folder), given.cases, given.seed)
        for one, found in burglaries(scene, given.count, given.seed, given.together):
            done[one.sort] += 1
            if not found:
                missed[f"{one.sort}: {one.did}"] += 1
            if done.total() % 500 == 0:
                sys.stderr.write(f"{done.total()} looked at, {missed.total()} missed\n")
    honest, alarms = _honest(given.honest, given.seed)
    told = {
        "tamperings": given.count,
        "together": given.together,
        "by": done,
        "missed": missed,
        "honest_rows": honest,
        "false_alarms": alarms,
    }
    sys.stdout.write(json.dumps(told) + "\n")
    return 1 if missed or alarms else 0


def _honest(rows: int, seed: int) -> tuple[int, int]:
    if not rows:
        return 0, 0
    with tempfile.TemporaryDirectory() as folder, closing(built(settings_in(Path(folder)), rows // 28, seed)) as store:
        return rows_of(store), len(verify(store).faults)


if __name__ == "__main__":
    sys.exit(main())
