"""Measures how long it takes to reckon what another pack would have done to the clocks of the past (issue 20).

The store is a synthetic year (``synthetic_year``); two processes read it, as ``closeloop whatif`` does on two cores.
Their peaks of memory are added up, with that of the process that adds up their figures. The pack is the one in force
with every limit halved, so that every clock is reckoned anew.
"""

import multiprocessing
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from benchmarks.measures import Measure, Target, machine_load, new_measure
from benchmarks.stores import new_store
from benchmarks.synthetic_year import BEGIN, DAYS, add_people, add_staff, drawn_complaints, write_complaints
from engine.rules.in_force import rules_of
from engine.rules.policy import Pack
from engine.settings import Settings
from models.columns import to_micros
from reports.whatif.other_rules import OtherRules
from reports.whatif.record import Filter
from reports.whatif.whatif import whatif

CASES: Final = 250_000
"""They have more than a million clocks."""
PROCESSES: Final = 2
CREATED: Final = BEGIN - timedelta(days=61)
CLOCKS, MOST_SECONDS, MOST_MEGABYTES = 1_000_000, 60.0, 500.0
OF_TIME = "each recorded move is made again in Python, by the functions that work on a living case"
OF_MEMORY = "one batch of cases, and a cell for each week, department and level"


def rows(database: str, cases: int = CASES) -> list[Measure]:
    """Return the seconds and the memory of a million clocks; of fewer the seconds are scaled up and not judged."""
    with tempfile.TemporaryDirectory(prefix="bench") as folder, new_store(Path(folder), database, CREATED) as settings:
        with closing(settings.store()) as store:
            add_staff(store)
            add_people(store)
            write_complaints(store, drawn_complaints(cases, seed=18))
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            clocks, promises, seconds, cpu, megabytes = pool.submit(read, settings).result()
    how = f"{clocks:,} clocks of {cases:,} cases in {seconds:.1f} s, {cpu:.1f} s of CPU, "
    how += f"{promises:,} of them promises, the others of timers that move their case; {machine_load()}"
    scaled = seconds * CLOCKS / max(clocks, 1)
    time_taken = new_measure("whatif, a million clocks", database, scaled, None, "s", how)
    memory = new_measure("whatif, memory", database, megabytes, None, "MB", how)
    if cases < CASES:
        return [time_taken, memory]
    judged = ((time_taken, MOST_SECONDS, OF_TIME), (memory, MOST_MEGABYTES, OF_MEMORY))
    return [Target(most, at_least=False, obstacle=why).judge(figure) for figure, most, why in judged]


def read(settings: Settings) -> tuple[int, int, float, float, float]:
    """Return the clocks that were reckoned, the promises of them, the seconds, those of the CPU, and the megabytes."""
    at = BEGIN + timedelta(days=DAYS + 60)
    with closing(settings.store()) as store:
        rules = rules_of(store)
        other = OtherRules(rules, to_micros(at), halved(rules.pack("logistics", to_micros(at))))
        began, cpu = time.perf_counter(), _cpu_seconds()
        [result] = whatif(store, [other], Filter(), at, ZoneInfo("Asia/Shanghai"), processes=PROCESSES)
        seconds, cpu = time.perf_counter() - began, _cpu_seconds() - cpu
        with store.looking() as tx:
            clocks = tx.row("SELECT count(*) AS count FROM timer").count
    of_each = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return clocks, result.clocks, seconds, cpu, peak_of_memory() + PROCESSES * of_each


def _cpu_seconds() -> float:
    """Return what this process and those that it started and that have ended took of the CPU."""
    own, of_others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(each.ru_utime + each.ru_stime for each in (own, of_others))


def peak_of_memory() -> float:
    """Return the peak of this process in megabytes; that of ``getrusage`` includes the process that started it."""
    status = Path("/proc/self/status").read_text("ascii")
    [line] = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def halved(pack: Pack) -> Pack:
    """Return the pack with half of each limit, at least one of its unit."""
    clauses = {
        name: limit if limit.amount is None else limit.model_copy(update={"amount": max(limit.amount // 2, 1)})
        for name, limit in pack.clauses.items()
    }
    return pack.model_copy(update={"clauses": clauses})
