"""A chaos run: rounds of work in which somebody is killed, a quiet end, and the audit."""

import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from itertools import count
from random import Random

from classifier.keyword_rules import threshold
from engine.audit.verify import verify
from engine.clock import system_now
from engine.commands.arrivals import record
from engine.create_store import create_store
from engine.runs import Done, keep
from engine.settings import Settings
from flows.reaction_registry import reactions
from gateways.schedule import scheduled
from statemachines.lifecycle import Refused
from tests.case_actions import add_staff
from tests.chaos.ahead import Ahead
from tests.chaos.audit import Audit, audit
from tests.chaos.customers import SOURCE, letters
from tests.chaos.ledger import Ledger
from tests.chaos.settling import RETRY_JUMP, quiet
from tests.chaos.victims import DROP, Stage, Victim
from tests.editions import publishes

SHORTEST_LIFE, LONGEST_LIFE = 0.03, 0.5
SHORTEST_JUMP, LONGEST_JUMP = 61.0, 2400.0
"""Seconds; longer than any lease, so that what a dead driver held is free at once."""
WHO_DIES = {"driver": 0.5, "night": 0.15, "clerk": 0.2, "desk": 0.15}
JUMPED, SET_BACK, STRUCK = 0.5, 0.2, 0.15
"""How often the clock leaps ahead, how often it is set back, and how often disk or database fail."""
LONGEST_STROKE = 0.3
SLEPT = "anchor_backdated"
"""A leap is a machine that sleeps: who had read the clock before it, and writes while an anchor is being made after it,
took longer than ``anchoring.SETTLED`` allows a writer. Whether that was honest an administrator must say (``--anew``).
"""


@dataclass(frozen=True)
class Plan:
    """What a run is made of. ``drivers`` is how many there are at most; where there may be several, at least two are.

    ``restart`` restarts the database at once; ``fill`` leaves no room on its disk for as long as it is entered.
    It goes on past ``rounds`` until so many commands were ``acknowledged``.
    """

    rounds: int
    seed: int = 1
    drivers: int = 1
    clerks: int = 1
    acknowledged: int = 0
    restart: Callable[[], None] | None = None
    fill: Callable[[], AbstractContextManager[None]] | None = None


@dataclass
class Outcome:
    """What a run came to."""

    kills: int
    acknowledged: int
    audit: Audit

    @property
    def document(self) -> dict[str, int]:
        """The figures as programs read them."""
        told = self.audit
        lost, doubled = len(told.lost), len(told.doubled)
        return {
            "kills": self.kills,
            "acknowledged": self.acknowledged,
            "lost": lost,
            "doubled": doubled,
            "resent": told.resent,
        }

    @property
    def ok(self) -> bool:
        """Whether nothing was lost, doubled or otherwise wrong."""
        return not (self.audit.lost or self.audit.doubled or self.audit.wrong)


@dataclass
class Run:
    """One store, its victims, and the chance that decides who dies when."""

    stage: Stage
    plan: Plan
    chance: Random
    alive: list[Victim] = field(default_factory=list[Victim])
    kills: int = 0
    struck: int = 0

    def bear(self, role: str) -> None:
        """Somebody comes to life."""
        self.alive.append(Victim.born(self.stage, role))

    def kill(self, victim: Victim) -> None:
        """Somebody dies."""
        self.alive.remove(victim)
        victim.killed()
        self.kills += 1

    def begin(self) -> None:
        """All who have a part come to life."""
        hands = [f"clerk{n}" for n in range(self.plan.clerks)]
        for role in [*hands, "desk", "night", *["driver"] * min(2, self.plan.drivers)]:
            self.bear(role)

    def round(self, number: int) -> None:
        """Work comes in; somebody dies in the middle of it, and is replaced."""
        self.feed(number)
        if self.chance.random() < SET_BACK:
            self.stage.ahead.jump(-self.chance.uniform(SHORTEST_JUMP, LONGEST_JUMP))
        time.sleep(self.chance.uniform(SHORTEST_LIFE, LONGEST_LIFE))
        role = self.chance.choices(list(WHO_DIES), list(WHO_DIES.values()))[0]
        victim = self.chance.choice([one for one in self.alive if one.role.startswith(role)])
        with self.peril():
            self.kill(victim)
        if role == "driver" and self.plan.drivers == 1:
            self.stage.ahead.overtake(SHORTEST_JUMP)  # or what it held would keep the next one out
        if self.chance.random() < JUMPED:
            self.stage.ahead.jump(self.chance.uniform(SHORTEST_JUMP, LONGEST_JUMP))
        self.replace(victim.role)

    def replace(self, role: str) -> None:
        """Another takes the place; of drivers there are now fewer, now more."""
        if role != "driver":
            return self.bear(role)
        wanted = self.chance.randint(min(2, self.plan.drivers), self.plan.drivers)
        here = [victim for victim in self.alive if victim.role == role]
        for victim in here[wanted:]:
            self.kill(victim)
        for _ in range(wanted - len(here)):
            self.bear(role)
        return None

    @contextmanager
    def peril(self) -> Generator[None]:
        """Now and then whoever dies does so while the disk is full, or just after the database was restarted."""
        struck = self.chance.random() < STRUCK
        self.struck += struck
        if struck and self.plan.restart is not None:
            self.plan.restart()
        with self.plan.fill() if struck and self.plan.fill is not None else nullcontext():
            if struck:
                time.sleep(self.chance.uniform(SHORTEST_LIFE, LONGEST_STROKE))
            yield

    def feed(self, number: int) -> None:
        """A file is imported; where the database is busy, this round has none."""
        with closing(self.stage.settings.store()) as store, suppress(Refused):
            now = self.stage.ahead.now(store)
            record(store, SOURCE, letters(self.stage.seed, number, now))

    def last_round(self) -> None:
        """All die."""
        for victim in list(self.alive):
            self.kill(victim)

    def settled(self) -> int:
        """New drivers work undisturbed until nothing is due; the instant (microseconds) at which that was so."""
        self.stage.ahead.overtake(SHORTEST_JUMP)
        for _ in range(min(2, self.plan.drivers)):
            self.bear("driver")
        for jump in (RETRY_JUMP, 26 * 3600.0, RETRY_JUMP):
            self.stage.ahead.jump(jump)
            until = quiet(self.stage)
        for victim in list(self.alive):
            victim.ended()
            self.alive.remove(victim)
        self.stage.last_night()
        return until


def prepared(settings: Settings, ahead: Ahead) -> None:
    """A real store with people in it, whose nights have run before: after a jump, drivers catch up on them."""
    create_store(settings, system_now())
    with closing(settings.store()) as store:
        add_staff(store)
        publishes(store, "alerts", calendar="cn-hotline")  # else what a run finds would depend on the hour of the day
        now = ahead.now(store)
        for night in scheduled():
            keep(store, Done(night.name, now, now, observed=False, did=0))
    reactions()  # what children need is read before they are born
    threshold()


def chaos(settings: Settings, plan: Plan, tell: Callable[[str], None]) -> Outcome:
    """Run the plan on an empty database and look what is left."""
    ahead = Ahead()
    prepared(settings, ahead)
    stage = Stage(settings, Ledger(settings.where / "acknowledged.jsonl"), ahead, plan.seed, plan.rounds)
    run = Run(stage, plan, Random(f"{plan.seed}:run"))
    try:
        run.begin()
        _rounds(run, tell)
        run.last_round()
        tell("settling")
        until = run.settled()
    finally:
        for victim in run.alive:
            victim.swept()
    return outcome_of(run, until)


def _rounds(run: Run, tell: Callable[[str], None]) -> None:
    for number in count(1):
        run.round(number)
        if number % 10:
            continue
        answers = len(run.stage.ledger.read())
        tell(f"{number} of {run.plan.rounds} rounds, {run.kills} kills, {run.struck} strokes, {answers} answers")
        if number >= run.plan.rounds and answers >= run.plan.acknowledged:
            return


def outcome_of(run: Run, until: int) -> Outcome:
    """What the audit finds after a run that was quiet at that instant."""
    stage, ledger = run.stage, run.stage.ledger.read()
    seen = audit(stage.settings.url, ledger, stage.settings.where / DROP, until)
    with closing(stage.settings.store()) as store:
        seen.wrong += [f"verify {fault}" for fault in verify(store).faults if fault.what != SLEPT]
    return Outcome(run.kills, len({entry.key for entry in ledger if entry.seq}), seen)
