"""A chaos run: rounds of work in each of which a process is killed, a quiet end, and the audit."""

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
from tests.chaos.audit import Audit, audit
from tests.chaos.customers import SOURCE, file_contacts
from tests.chaos.ledger import Ledger
from tests.chaos.processes import MAIL_FILE, ChaosProcess, ChaosSetup
from tests.chaos.quiet_end import RETRY_JUMP, wait_until_quiet
from tests.chaos.shifted_time import TimeOffset
from tests.editions import publishes

SHORTEST_LIFE, LONGEST_LIFE = 0.03, 0.5
SHORTEST_JUMP, LONGEST_JUMP = 61.0, 2400.0
"""Seconds; longer than any lease, so that a dead driver's leases expire at once."""
KILLED = {"driver": 0.5, "night": 0.15, "clerk": 0.2, "cli_clerk": 0.15}
"""The weights by which the role of the process to be killed is drawn."""
JUMPED, SET_BACK, FAULTY = 0.5, 0.2, 0.15
"""The shares of the rounds in which the time jumps forward, is set back, and disk or database fail."""
LONGEST_FAULT = 0.3
EXPECTED_FAULTS = {"anchor_backdated", "clock_set_back"}
"""A jump of the time has the effect of a machine that sleeps: a writer that read the clock before the jump, and writes
while an anchor is made after it, exceeds the time that ``anchoring.SETTLED`` allows. An administrator would have to
confirm that this was honest (``--anew``); the audit ignores it. That the time was set back is named, too.
"""


@dataclass(frozen=True)
class ChaosPlan:
    """The size of a run and its machine faults. At most ``drivers`` run at once; if more than one may, at least two.

    ``restart`` restarts the database at once; ``fill`` is a context in which its disk is full.
    The run continues past ``rounds`` until so many commands were ``acknowledged``.
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
    """The result of a run."""

    kills: int
    acknowledged: int
    audit: Audit

    @property
    def document(self) -> dict[str, int]:
        """Return the figures as a JSON object."""
        return {
            "kills": self.kills,
            "acknowledged": self.acknowledged,
            "lost": len(self.audit.lost),
            "doubled": len(self.audit.doubled),
            "resent": self.audit.resent,
        }

    @property
    def ok(self) -> bool:
        """Say whether nothing was lost, doubled or otherwise wrong."""
        return not (self.audit.lost or self.audit.doubled or self.audit.wrong)


@dataclass
class ChaosRun:
    """One store, the processes that use it, and the random numbers that decide which is killed when."""

    setup: ChaosSetup
    plan: ChaosPlan
    chance: Random
    alive: list[ChaosProcess] = field(default_factory=list[ChaosProcess])
    kills: int = 0
    faults: int = 0

    def start(self, role: str) -> None:
        """Start a process."""
        self.alive.append(ChaosProcess.start(self.setup, role))

    def kill(self, process: ChaosProcess) -> None:
        """Kill a process, and count it."""
        self.alive.remove(process)
        process.kill()
        self.kills += 1

    def begin(self) -> None:
        """Start the processes of all roles."""
        clerks = [f"clerk{n}" for n in range(self.plan.clerks)]
        for role in [*clerks, "cli_clerk", "night", *["driver"] * min(2, self.plan.drivers)]:
            self.start(role)

    def round(self, number: int) -> None:
        """Import a file, then kill a process at work and replace it."""
        self.import_file(number)
        if self.chance.random() < SET_BACK:
            self.setup.offset.jump(-self.chance.uniform(SHORTEST_JUMP, LONGEST_JUMP))
        time.sleep(self.chance.uniform(SHORTEST_LIFE, LONGEST_LIFE))
        role = self.chance.choices(list(KILLED), list(KILLED.values()))[0]
        process = self.chance.choice([process for process in self.alive if process.role.startswith(role)])
        with self.machine_fault():
            self.kill(process)
        if role == "driver" and self.plan.drivers == 1:
            self.setup.offset.overtake(SHORTEST_JUMP)  # otherwise its lease would keep the next driver out
        if self.chance.random() < JUMPED:
            self.setup.offset.jump(self.chance.uniform(SHORTEST_JUMP, LONGEST_JUMP))
        self.replace(process.role)

    def replace(self, role: str) -> None:
        """Start a new process of the role; for drivers, change their number at random."""
        if role != "driver":
            return self.start(role)
        wanted = self.chance.randint(min(2, self.plan.drivers), self.plan.drivers)
        drivers = [process for process in self.alive if process.role == role]
        for process in drivers[wanted:]:
            self.kill(process)
        for _ in range(wanted - len(drivers)):
            self.start(role)
        return None

    @contextmanager
    def machine_fault(self) -> Generator[None]:
        """In some rounds, restart the database before the block, or fill the disk while it lasts."""
        faulty = self.chance.random() < FAULTY
        self.faults += faulty
        if faulty and self.plan.restart is not None:
            self.plan.restart()
        with self.plan.fill() if faulty and self.plan.fill is not None else nullcontext():
            if faulty:
                time.sleep(self.chance.uniform(SHORTEST_LIFE, LONGEST_FAULT))
            yield

    def import_file(self, number: int) -> None:
        """Import a file; skip it if the database is busy."""
        with closing(self.setup.settings.store()) as store, suppress(Refused):
            now = self.setup.offset.now(store)
            record(store, SOURCE, file_contacts(self.setup.seed, number, now))

    def kill_all(self) -> None:
        """Kill all processes."""
        for process in list(self.alive):
            self.kill(process)

    def settle(self) -> int:
        """Let new drivers work until nothing is due; return the instant (microseconds) from which nothing was due.

        The time stands still at the end: what fell due until the drivers have stopped would count as lost.
        """
        self.setup.offset.overtake(SHORTEST_JUMP)
        for _ in range(min(2, self.plan.drivers)):
            self.start("driver")
        for jump in (RETRY_JUMP, 26 * 3600.0, RETRY_JUMP):
            self.setup.offset.jump(jump)
            wait_until_quiet(self.setup)
        with closing(self.setup.settings.store()) as store:
            self.setup.offset.stop(store)
        until = wait_until_quiet(self.setup)
        for process in list(self.alive):
            process.stop()
            self.alive.remove(process)
        self.setup.run_integrity_check()
        return until


def prepare_store(settings: Settings, offset: TimeOffset) -> None:
    """Create a real store with staff, whose nights have run before: after a jump, drivers catch up on them."""
    create_store(settings, system_now())
    with closing(settings.store()) as store:
        add_staff(store)
        publishes(store, "alerts", calendar="cn-hotline")  # else the result depends on the hour of the day
        now = offset.now(store)
        for night in scheduled():
            keep(store, Done(night.name, now, now, observed=False, did=0))
    reactions()  # loaded before the fork, so that children need not load it
    threshold()


def run_chaos(settings: Settings, plan: ChaosPlan, report: Callable[[str], None]) -> Outcome:
    """Run the plan on an empty database, and audit the store."""
    offset = TimeOffset()
    prepare_store(settings, offset)
    setup = ChaosSetup(settings, Ledger(settings.where / "acknowledged.jsonl"), offset, plan.seed, plan.rounds)
    run = ChaosRun(setup, plan, Random(f"{plan.seed}:run"))
    try:
        run.begin()
        _run_rounds(run, report)
        run.kill_all()
        report("settling")
        until = run.settle()
    finally:
        for process in run.alive:
            process.clean_up()
    return outcome_of(run, until)


def _run_rounds(run: ChaosRun, report: Callable[[str], None]) -> None:
    for number in count(1):
        run.round(number)
        if number % 10:
            continue
        answers = len(run.setup.ledger.read())
        report(f"{number} of {run.plan.rounds} rounds, {run.kills} kills, {run.faults} faults, {answers} answers")
        if number >= run.plan.rounds and answers >= run.plan.acknowledged:
            return


def outcome_of(run: ChaosRun, until: int) -> Outcome:
    """Audit the store after a run of which nothing was due at that instant."""
    setup, ledger = run.setup, run.setup.ledger.read()
    findings = audit(setup.settings.url, ledger, setup.settings.where / MAIL_FILE, until)
    with closing(setup.settings.store()) as store:
        findings.wrong += [f"verify {fault}" for fault in verify(store).faults if fault.what not in EXPECTED_FAULTS]
    return Outcome(run.kills, len({entry.key for entry in ledger if entry.seq}), findings)
