"""A chaos run: rounds of work in which somebody is killed, a quiet end, and the audit."""

import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from random import Random

from engine.audit.verify import verify
from engine.clock import system_now
from engine.clocks.agenda import look
from engine.founding import found
from engine.moves.arrivals import record
from engine.runs import Done, keep
from engine.settings import Settings
from engine.store import Store
from flows.classifying import threshold
from flows.nights.roster import scheduled
from flows.reacting import reactions
from models.columns import to_micros
from statemachines.lifecycle import Refused
from tests.chaos.ahead import Ahead
from tests.chaos.audit import Audit, audit
from tests.chaos.customers import SOURCE, letters
from tests.chaos.ledger import Ledger
from tests.chaos.victims import DROP, Stage, Victim
from tests.telling import hired

SHORTEST_LIFE, LONGEST_LIFE = 0.03, 0.5
SHORTEST_JUMP, LONGEST_JUMP = 61.0, 2400.0
"""Seconds; longer than any lease, so that what a dead driver held is free at once."""
DRIVER_KILLED, JUMPED = 0.7, 0.5
RETRY_JUMP = 11 * 60.0
"""Longer than the longest back-off that is not the last."""
QUIET_SECONDS = 60.0
PATIENCE_SECONDS = 2.0
"""How long an end may take, and how long it is waited for before another jump."""


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
    drivers: int
    chance: Random
    alive: list[Victim] = field(default_factory=list[Victim])
    kills: int = 0

    def bear(self, role: str) -> None:
        """Somebody comes to life."""
        self.alive.append(Victim.born(self.stage, role))

    def kill(self, victim: Victim) -> None:
        """Somebody dies."""
        self.alive.remove(victim)
        victim.killed()
        self.kills += 1

    def round(self, number: int) -> None:
        """Work comes in; somebody dies in the middle of it, and is replaced."""
        self.feed(number)
        time.sleep(self.chance.uniform(SHORTEST_LIFE, LONGEST_LIFE))
        role = "driver" if self.chance.random() < DRIVER_KILLED else "clerk"
        self.kill(self.chance.choice([victim for victim in self.alive if victim.role == role]))
        if (role == "driver" and self.drivers == 1) or self.chance.random() < JUMPED:
            self.stage.ahead.jump(self.chance.uniform(SHORTEST_JUMP, LONGEST_JUMP))
        self.bear(role)

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
        for _ in range(self.drivers):
            self.bear("driver")
        for jump in (RETRY_JUMP, 26 * 3600.0, RETRY_JUMP):
            self.stage.ahead.jump(jump)
            until = self._quiet()
        for victim in list(self.alive):
            victim.ended()
            self.alive.remove(victim)
        return until

    def _quiet(self) -> int:
        began = jumped = time.monotonic()
        while True:
            with closing(self.stage.settings.store()) as store:
                now = to_micros(self.stage.ahead.now(store))
                if _nothing_due(store, now) or time.monotonic() - began > QUIET_SECONDS:
                    return now
            time.sleep(0.2)
            if time.monotonic() - jumped > PATIENCE_SECONDS:
                self.stage.ahead.jump(RETRY_JUMP)
                jumped = time.monotonic()


def _nothing_due(store: Store, now: int) -> bool:
    agenda = look(store)
    ahead = [at for at in (agenda.arrival, agenda.clock, agenda.callback) if at is not None]
    return agenda.moment is None and agenda.delivery is None and all(at > now for at in ahead)


def prepared(settings: Settings, ahead: Ahead) -> None:
    """A real store with people in it, whose nights have run before: after a jump, drivers catch up on them."""
    found(settings, system_now())
    with closing(settings.store()) as store:
        hired(store)
        now = ahead.now(store)
        for plan in scheduled():
            keep(store, Done(plan.name, now, now, observed=False, did=0))
    reactions()  # what children need is read before they are born
    threshold()


def chaos(settings: Settings, rounds: int, seed: int, drivers: int, tell: Callable[[str], None]) -> Outcome:
    """Run so many rounds on an empty database and look what is left."""
    ahead = Ahead()
    prepared(settings, ahead)
    stage = Stage(settings, Ledger(settings.where / "acknowledged.jsonl"), ahead, seed, rounds)
    run = Run(stage, drivers, Random(f"{seed}:run"))
    try:
        for role in ["clerk", *["driver"] * drivers]:
            run.bear(role)
        for number in range(1, rounds + 1):
            run.round(number)
            if number % 10 == 0:
                tell(f"{number} of {rounds} rounds, {len(stage.ledger.read())} answers")
        run.last_round()
        tell("settling")
        until = run.settled()
    finally:
        for victim in run.alive:
            victim.swept()
    return _outcome(run, until)


def _outcome(run: Run, until: int) -> Outcome:
    stage, ledger = run.stage, run.stage.ledger.read()
    seen = audit(stage.settings.url, ledger, stage.settings.where / DROP, until)
    with closing(stage.settings.store()) as store:
        seen.wrong += [f"verify {fault}" for fault in verify(store).faults]
    return Outcome(run.kills, len({entry.key for entry in ledger if entry.seq}), seen)
