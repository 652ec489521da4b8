"""Records golden lives: a story is told once more, and what its case went through is written down."""

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
from engine.settings import Settings
from engine.store import Store
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.telephone import FakeTelephone
from models.columns import to_micros
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Refused
from tests.case_actions import SECRET, START, add_staff, case_of, execute_sql, query_rows
from tests.editions import in_force
from tests.golden.lives import PACK, Life, Refusal, Step
from tests.stories.conftest import MORE_STAFF
from tests.stories.story import Story

BEGIN = to_micros(START)
STEPS = """
SELECT t.seq, t.move, t.source, t.dest, t.cycle, t.level, t.via, a.handle AS actor, t.occurred_at - :begin AS occurred,
       t.recorded_at - :begin AS recorded, t.form FROM transition t JOIN actor a ON a.id = t.actor_id
 WHERE t.case_id = :id ORDER BY t.seq
"""
SAID = "SELECT seq, field, content FROM statement WHERE case_id = :id"
RUNGS = "SELECT clause, percent, due_at - :begin AS due FROM escalation_step WHERE case_id = :id ORDER BY seq, timer_id"
CLOCKS = "SELECT clause, cycle, outcome FROM timer WHERE case_id = :id ORDER BY id"
EDITION = """
INSERT INTO edition (sort, name, version, content, effective_from, published_at, published_by, reason)
VALUES ('pack', 'logistics', 'golden', :content, :at, :at, (SELECT id FROM actor WHERE handle = 'system'), 'golden')
"""


@dataclass
class Told(Story):
    """A story that remembers what its carrier promised and what was refused."""

    limits: dict[str, Any] = field(default_factory=dict[str, Any])
    refusals: list[Refusal] = field(default_factory=list[Refusal])

    def promises(self, **limits: dict[str, Any]) -> None:
        self.limits |= limits
        super().promises(**limits)

    def refused(self, by: str, move: str, **form: Any) -> Refused:
        told = super().refused(by, move, **form)
        self.refusals.append(Refusal(self.version, by, move, form, to_micros(self.now) - BEGIN, told.code))
        return told


@contextmanager
def golden_store(limits: Mapping[str, Any]) -> Iterator[Store]:
    """A simulated store with everybody in it, under the golden pack and these limits."""
    folder = Path(tempfile.mkdtemp(prefix="golden"))
    settings = Settings(home=folder, secret=SECRET, database_url=None)
    create_store(settings, START, simulated_at=START)
    store = settings.store()
    peopled(store, limits)
    yield store
    store.close()
    shutil.rmtree(folder)


def peopled(store: Store, limits: Mapping[str, Any]) -> None:
    """Everybody is hired who is not, and the golden pack holds, with these limits."""
    add_staff(store)
    with store.writing() as tx:
        for handle, (role, department) in MORE_STAFF.items():
            add_actor(tx, NewActor(handle, (role,), department, email=f"{handle}@example.com"))
    execute_sql(store, EDITION, content=PACK.read_text("utf-8"), at=BEGIN)
    if limits:
        in_force(store, dict(limits))


def recorded(tell: Callable[[Story], None]) -> Life:
    """Tell the story and write down its first case. Raises ``ValueError`` if others came of it."""
    with golden_store({}) as store:
        story = Told(Work(store, FakeMailer(), FakeTelephone()))
        tell(story)
        if query_rows(store, "SELECT count(*) AS n FROM cases") != [{"n": 1}]:
            raise ValueError(f"{tell.__name__} tells of more than one case")
        life = life_of(store, story.number)
        return replace(life, limits=story.limits, refusals=tuple(story.refusals), until=to_micros(story.now) - BEGIN)


def life_of(store: Store, number: str) -> Life:
    """The case's life as the store tells it."""
    case = case_of(store, number)
    ask = partial(query_rows, store, id=case["id"])
    said: dict[int, dict[str, str]] = {}
    for row in ask(SAID):
        said.setdefault(row["seq"], {})[row["field"]] = row["content"]
    steps = [_step(row, said.get(row.pop("seq"), {})) for row in ask(STEPS, begin=BEGIN)]
    rungs = tuple((row["clause"], row["percent"], row["due"]) for row in ask(RUNGS, begin=BEGIN))
    clocks = tuple((row["clause"], row["cycle"], row["outcome"]) for row in ask(CLOCKS))
    table = lifecycle_of(case["kind"])
    return Life(case["kind"], table.version, {}, 0, tuple(steps), (), rungs, clocks)


def _step(row: dict[str, Any], said: Mapping[str, str]) -> Step:
    return Step(**row | {"form": json.loads(row["form"]) | said})
