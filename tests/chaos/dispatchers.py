"""Very many rungs fall due at once, and several dispatchers fire them while one after the other is killed."""

import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from random import Random

from engine.commands.open_case import Opening, open_in
from engine.settings import Settings
from engine.store import Store
from models.contact import Contact
from tests.chaos.ledger import Acknowledged, Ledger
from tests.chaos.processes import Stage
from tests.chaos.quiet_end import quiet
from tests.chaos.rounds import Outcome, Plan, Run, outcome_of, prepared
from tests.chaos.shifted_time import Ahead

RUNGS = 100_000
PER_CASE = 8
"""A complaint that nobody touches: four rungs for the first reply, four for the solution."""
TOGETHER = 200
OUTAGE = timedelta(days=60)
FIRED = "SELECT count(*) AS n FROM escalation_step"
TELL_SECONDS = 10.0
BETWEEN_LOOKS = (0.05, 0.3)
KILLS = 100
"""At least so many in a run, evenly spread over its rungs."""
PATIENCE_SECONDS = 20.0
"""If nothing gets on for so long, one is killed all the same."""


def many_rungs(settings: Settings, rungs: int, dispatchers: int, tell: Callable[[str], None]) -> Outcome:
    """Open enough cases, let two months pass, kill one dispatcher after the other until all has fired."""
    ahead = Ahead()
    prepared(settings, ahead)
    stage = Stage(settings, Ledger(settings.where / "acknowledged.jsonl"), ahead, 1, 0)
    run = Run(stage, Plan(rounds=0, drivers=dispatchers), Random("dispatchers"))
    opened = _opened(stage, -(-rungs // PER_CASE))
    tell(f"{opened} cases opened")
    ahead.jump(OUTAGE.total_seconds())
    try:
        for _ in range(dispatchers):
            run.bear("driver")
        _until_fired(run, rungs, tell)
        until = quiet(stage)
        for victim in list(run.alive):
            victim.ended()
            run.alive.remove(victim)
        stage.last_night()
    finally:
        for victim in run.alive:
            victim.swept()
    outcome = outcome_of(run, until)
    with closing(settings.store()) as store:
        fired = _fired(store)
    tell(f"{fired} rungs fired")
    outcome.audit.lost += [] if fired >= rungs else [f"{rungs - fired} rungs"]
    return outcome


def _opened(stage: Stage, many: int) -> int:
    """Cases of no particular interest, many in a transaction; each is entered in the ledger once it is there."""
    with closing(stage.settings.store()) as store:
        for first in range(0, many, TOGETHER):
            now = stage.ahead.now(store)
            with store.writing() as tx:
                answers = [
                    open_in(tx, store.secret, Opening(Contact(row_id="-", at=now, text=f"Late. [{n}]")), now)
                    for n in range(first, min(first + TOGETHER, many))
                ]
            for answer in answers[:1]:
                stage.ledger.write(Acknowledged(answer.number, "open", answer.number, answer.seq))
    return many


def _until_fired(run: Run, rungs: int, tell: Callable[[str], None]) -> None:
    """Kill whenever another share has fired, so that a slow machine kills no more often than it gets on."""
    begun = told = time.monotonic()
    with closing(run.stage.settings.store()) as store:
        while (fired := _fired(store)) < rungs:
            time.sleep(run.chance.uniform(*BETWEEN_LOOKS))
            if fired >= run.kills * rungs // KILLS or time.monotonic() - begun > PATIENCE_SECONDS:
                begun = time.monotonic()
                run.kill(run.chance.choice(run.alive))
                run.bear("driver")
            if time.monotonic() - told > TELL_SECONDS:
                told = time.monotonic()
                tell(f"{fired} of {rungs} rungs, {run.kills} kills")


def _fired(store: Store) -> int:
    with store.looking() as tx:
        return tx.row(FIRED).n
