"""Simulate desks whose people take the steps of cases in the order in which they ask: discrete events on ``simpy``.

It knows no store and no clock: jobs in, instants out. People do not leave within a step: who began it ends it in the
next hours in which his desk is staffed.
"""

from collections import deque
from collections.abc import Generator, Mapping, Sequence
from math import inf
from typing import Any, NamedTuple

import simpy

from reports.staffing.lives import NOBODY
from reports.staffing.staffed_hours import StaffedHours


class Task(NamedTuple):
    """A step of a job: ``delay`` passes, then ``desk`` works so long on it; in microseconds."""

    desk: str
    delay: int
    work: int


class Job(NamedTuple):
    """A case that comes in at an instant, in microseconds, and asks for its tasks one after the other."""

    at: int
    tasks: Sequence[Task]


class _Desk:
    """The people of a desk, and who waits for them."""

    def __init__(self, environment: simpy.Environment, hours: StaffedHours) -> None:
        self.hours = hours
        self._environment = environment
        self._free = 0  # negative while people work on whose hours are over
        self._waiting: deque[Any] = deque()
        environment.process(self._come_and_go())

    def _come_and_go(self) -> Generator[simpy.Event, Any, None]:
        there = 0
        for at, count in self.hours.changes():
            if at > self._environment.now:
                yield self._environment.timeout(at - self._environment.now)
            self._free += count - there
            there = count
            self._serve()

    def request(self) -> Any:
        event = self._environment.event()
        self._waiting.append(event)
        self._serve()
        return event

    def finish(self) -> None:
        self._free += 1
        self._serve()

    def _serve(self) -> None:
        while self._free > 0 and self._waiting:
            self._free -= 1
            self._waiting.popleft().succeed()


def simulate(jobs: Sequence[Job], desks: Mapping[str, StaffedHours]) -> list[list[int]]:
    """Return for each job the instants at which its tasks were done; those that were not done in time are missing.

    Jobs of the same instant ask in their order. A task for a desk that nobody knows needs nobody.
    """
    first = min((job.at for job in jobs), default=0)
    begin = min([first, *(hours.begin for hours in desks.values())])
    environment = simpy.Environment(initial_time=begin)
    known = {name: _Desk(environment, hours) for name, hours in desks.items()}
    done: list[list[int]] = [[] for _ in jobs]
    for job, ends in zip(jobs, done, strict=True):
        environment.process(_lives(environment, known, job, ends))
    while environment.peek() < inf:
        environment.step()
    return done


def _lives(
    environment: simpy.Environment, desks: Mapping[str, _Desk], job: Job, ends: list[int]
) -> Generator[simpy.Event, Any, None]:
    delay = job.at - int(environment.now)
    for task in job.tasks:
        desk = desks.get(task.desk) if task.desk != NOBODY else None
        delay += task.delay
        if desk is None:
            delay += task.work
        if delay > 0:
            yield environment.timeout(delay)
        delay = 0
        if desk is not None:
            yield desk.request()
            until = desk.hours.after(int(environment.now), task.work)
            if until is None:
                return
            yield environment.timeout(until - environment.now)
            desk.finish()
        ends.append(int(environment.now))
