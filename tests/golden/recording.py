"""Records golden cases: runs a story and reads the history of its case."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from engine.actors import NewActor, add_actor
from engine.create_store import create_store
from engine.ledger.journal import journal_row
from engine.settings import Settings
from engine.store import Store
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.telephone import FakeTelephone
from models.columns import to_micros
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Refused
from tests.case_actions import SECRET, START, add_staff, case_of, query_rows
from tests.editions import in_force
from tests.golden.golden_case import PACK, GoldenCase, Refusal, Step
from tests.stories.conftest import MORE_STAFF
from tests.stories.story import Story

BEGIN = to_micros(START)
STEPS = """
SELECT t.seq, t.move, t.source, t.dest, t.cycle, t.level, t.via, a.handle AS actor, t.occurred_at - :begin AS occurred,
       t.recorded_at - :begin AS recorded, t.form FROM transition t JOIN actor a ON a.id = t.actor_id
 WHERE t.case_id = :id ORDER BY t.seq
"""
TEXTS = "SELECT seq, field, content FROM statement WHERE case_id = :id"
ESCALATION_STEPS = """
SELECT clause, percent, due_at - :begin AS due FROM escalation_step WHERE case_id = :id ORDER BY seq, timer_id
"""
TIMERS = "SELECT clause, cycle, outcome FROM timer WHERE case_id = :id ORDER BY id"
EDITION = """
INSERT INTO edition (sort, name, version, content, effective_from, published_at, published_by, reason)
VALUES ('pack', 'logistics', 'golden', :content, :at, :at, (SELECT id FROM actor WHERE handle = 'system'), 'golden')
RETURNING id
"""


@dataclass
class RecordingStory(Story):
    """A story that records its limits and its refusals."""

    limits: dict[str, Any] = field(default_factory=dict[str, Any])
    refusals: list[Refusal] = field(default_factory=list[Refusal])

    def promises(self, **limits: dict[str, Any]) -> None:
        self.limits |= limits
        super().promises(**limits)

    def refused(self, by: str, move: str, **form: Any) -> Refused:
        refused = super().refused(by, move, **form)
        self.refusals.append(Refusal(self.version, by, move, form, to_micros(self.now) - BEGIN, refused.code))
        return refused


@contextmanager
def golden_store(limits: Mapping[str, Any]) -> Iterator[Store]:
    """Create a simulated store with all staff, under the golden pack and these limits."""
    folder = Path(tempfile.mkdtemp(prefix="golden"))
    settings = Settings(home=folder, secret=SECRET, database_url=None)
    create_store(settings, START, simulated_at=START)
    store = settings.store()
    add_staff_and_pack(store, limits)
    yield store
    store.close()
    shutil.rmtree(folder)


def add_staff_and_pack(store: Store, limits: Mapping[str, Any]) -> None:
    """Add all staff, and publish the golden pack with these limits."""
    add_staff(store)
    with store.writing() as tx:
        for handle, (role, department) in MORE_STAFF.items():
            add_actor(tx, NewActor(handle, (role,), department, email=f"{handle}@example.com"))
        row = tx.row(EDITION, content=PACK.read_text("utf-8"), at=BEGIN)
        journal_row(tx, "edition", (row.id,), "system", BEGIN)
    if limits:
        in_force(store, dict(limits))


def record(run_story: Callable[[Story], None]) -> GoldenCase:
    """Run the story and return the history of its case. Raises ``ValueError`` if it opens more than one."""
    with golden_store({}) as store:
        story = RecordingStory(Work(store, FakeMailer(), FakeTelephone()))
        run_story(story)
        if query_rows(store, "SELECT count(*) AS n FROM cases") != [{"n": 1}]:
            raise ValueError(f"{run_story.__name__} opens more than one case")
        case = golden_case_of(store, story.number)
        return replace(case, limits=story.limits, refusals=tuple(story.refusals), until=to_micros(story.now) - BEGIN)


def golden_case_of(store: Store, number: str) -> GoldenCase:
    """Read the history of a case from the store."""
    case = case_of(store, number)
    query = partial(query_rows, store, id=case["id"])
    texts: dict[int, dict[str, str]] = {}
    for row in query(TEXTS):
        texts.setdefault(row["seq"], {})[row["field"]] = row["content"]
    steps = [_step(row, texts.get(row.pop("seq"), {})) for row in query(STEPS, begin=BEGIN)]
    fired = tuple((row["clause"], row["percent"], row["due"]) for row in query(ESCALATION_STEPS, begin=BEGIN))
    timers = tuple((row["clause"], row["cycle"], row["outcome"]) for row in query(TIMERS))
    table = lifecycle_of(case["kind"])
    return GoldenCase(case["kind"], table.version, {}, 0, tuple(steps), (), fired, timers)


def _step(row: dict[str, Any], texts: Mapping[str, str]) -> Step:
    return Step(**row | {"form": json.loads(row["form"]) | texts})
