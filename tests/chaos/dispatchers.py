"""Lets very many escalation steps fall due at once; dispatchers fire them while one after the other is killed."""

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
from tests.chaos.processes import ChaosSetup
from tests.chaos.quiet_end import wait_until_quiet
from tests.chaos.rounds import ChaosPlan, ChaosRun, Outcome, outcome_of, prepare_store
from tests.chaos.shifted_time import TimeOffset

STEPS = 100_000
PER_CASE = 8
"""The steps of a complaint without moves: four for the first reply, four for the solution."""
TOGETHER = 200
OUTAGE = timedelta(days=60)
FIRED = "SELECT count(*) AS n FROM escalation_step"
REPORT_SECONDS = 10.0
POLL_SECONDS = (0.05, 0.3)
KILLS = 100
"""At least so many in a run, evenly spread over its steps."""
PATIENCE_SECONDS = 20.0
"""If nothing fires for so long, a process is killed nevertheless."""


def fire_many_steps(settings: Settings, steps: int, dispatchers: int, report: Callable[[str], None]) -> Outcome:
    """Open enough cases, let two months pass, kill one dispatcher after the other until all steps have fired."""
    offset = TimeOffset()
    prepare_store(settings, offset)
    setup = ChaosSetup(settings, Ledger(settings.where / "acknowledged.jsonl"), offset, 1, 0)
    run = ChaosRun(setup, ChaosPlan(rounds=0, drivers=dispatchers), Random("dispatchers"))
    opened = _open_cases(setup, -(-steps // PER_CASE))
    report(f"{opened} cases opened")
    offset.jump(OUTAGE.total_seconds())
    try:
        for _ in range(dispatchers):
            run.start("driver")
        _kill_until_fired(run, steps, report)
        until = wait_until_quiet(setup)
        for process in list(run.alive):
            process.stop()
            run.alive.remove(process)
        setup.run_integrity_check()
    finally:
        for process in run.alive:
            process.clean_up()
    outcome = outcome_of(run, until)
    with closing(settings.store()) as store:
        fired = _count_fired(store)
    report(f"{fired} steps fired")
    outcome.audit.lost += [] if fired >= steps else [f"{steps - fired} steps"]
    return outcome


def _open_cases(setup: ChaosSetup, count: int) -> int:
    """Open cases, many in a transaction; the first of each transaction is entered in the ledger after its commit."""
    with closing(setup.settings.store()) as store:
        for first in range(0, count, TOGETHER):
            now = setup.offset.now(store)
            with store.writing() as tx:
                answers = [
                    open_in(tx, store.secret, Opening(Contact(row_id="-", at=now, text=f"Late. [{n}]")), now)
                    for n in range(first, min(first + TOGETHER, count))
                ]
            for answer in answers[:1]:
                setup.ledger.write(Acknowledged(answer.number, "open", answer.number, answer.seq))
    return count


def _kill_until_fired(run: ChaosRun, steps: int, report: Callable[[str], None]) -> None:
    """Kill a dispatcher whenever another share has fired, so that a slow machine has no more kills than a fast one."""
    killed_at = reported_at = time.monotonic()
    with closing(run.setup.settings.store()) as store:
        while (fired := _count_fired(store)) < steps:
            time.sleep(run.chance.uniform(*POLL_SECONDS))
            if fired >= run.kills * steps // KILLS or time.monotonic() - killed_at > PATIENCE_SECONDS:
                killed_at = time.monotonic()
                run.kill(run.chance.choice(run.alive))
                run.start("driver")
            if time.monotonic() - reported_at > REPORT_SECONDS:
                reported_at = time.monotonic()
                report(f"{fired} of {steps} steps, {run.kills} kills")


def _count_fired(store: Store) -> int:
    with store.looking() as tx:
        return tx.row(FIRED).n
