"""Desks take cases in the order in which they ask; waits agree with theory, and more people make none longer."""

from math import factorial
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.staffing.lives import NOBODY
from reports.staffing.queueing import Job, Task, simulate
from reports.staffing.staffed_hours import HOUR, StaffedHours

pytestmark = pytest.mark.requirement("K3")

MINUTE = HOUR // 60
jobs_of_one_task = st.lists(st.tuples(st.integers(0, 20 * 60), st.integers(0, 180)), max_size=12)
jobs_of_any_tasks = st.lists(
    st.tuples(
        st.integers(0, 20 * 60),
        st.lists(st.tuples(st.sampled_from(("a", "b", NOBODY)), st.integers(0, 90), st.integers(0, 90)), max_size=4),
    ),
    max_size=10,
)


def always(people: int, hours: int = 2_000) -> StaffedHours:
    return StaffedHours(0, [people] * hours)


def erlang_c(servers: int, load: float) -> float:
    """Return the probability that somebody waits in an M/M/c queue (Erlang 1917)."""
    waits = load**servers / factorial(servers) * servers / (servers - load)
    return waits / (sum(load**n / factorial(n) for n in range(servers)) + waits)


def test_waits_of_random_arrivals_agree_with_the_formula_of_erlang():
    random, servers, load, mean = Random(3), 3, 2.4, 10 * MINUTE
    at, jobs = 0.0, list[Job]()
    for _ in range(20_000):
        at += random.expovariate(load / mean)
        jobs.append(Job(round(at), [Task("desk", 0, round(random.expovariate(1 / mean)))]))
    done = simulate(jobs, {"desk": always(servers, round(at) // HOUR + 1_000)})
    waits = [ends[0] - job.at - job.tasks[0].work for job, ends in zip(jobs, done, strict=True)]
    expected = erlang_c(servers, load) * mean / (servers - load)
    assert sum(waits) / len(waits) == pytest.approx(expected, rel=0.1)
    assert sum(wait > 0 for wait in waits) / len(waits) == pytest.approx(erlang_c(servers, load), rel=0.05)


@given(jobs_of_one_task, st.integers(1, 4))
def test_with_one_person_more_no_case_is_done_later(asked: list[tuple[int, int]], people: int):
    jobs = [Job(at * MINUTE, [Task("desk", 0, work * MINUTE)]) for at, work in sorted(asked)]
    fewer, more = (simulate(jobs, {"desk": always(count)}) for count in (people, people + 1))
    assert all(later <= sooner for later, sooner in zip(more, fewer, strict=True))


@given(jobs_of_any_tasks, st.lists(st.integers(0, 2), min_size=24, max_size=24))
def test_every_case_is_done_once_in_its_order_and_never_before_it_is_ready(
    asked: list[tuple[int, list[tuple[str, int, int]]]], people: list[int]
):
    jobs = [Job(at * MINUTE, [Task(desk, d * MINUTE, w * MINUTE) for desk, d, w in tasks]) for at, tasks in asked]
    hours = StaffedHours(0, [*people, 1] * 200)
    done = simulate(jobs, {"a": hours, "b": hours})
    for job, ends in zip(jobs, done, strict=True):
        assert len(ends) == len(job.tasks)
        assert ends == sorted(ends)
        ready = job.at
        for task, end in zip(job.tasks, ends, strict=True):
            assert end >= ready + task.delay + task.work
            ready = end


def test_nobody_works_on_what_is_asked_of_a_desk_without_people():
    assert simulate([Job(0, [Task("desk", 0, MINUTE)])], {"desk": always(0)}) == [[]]


def test_a_step_that_needs_nobody_takes_its_time_alone():
    assert simulate([Job(MINUTE, [Task(NOBODY, 2 * MINUTE, 3 * MINUTE)])], {}) == [[6 * MINUTE]]


def test_who_waits_at_night_is_taken_in_the_morning_in_the_order_of_asking():
    day = StaffedHours(0, [0] * 8 + [1] * 8 + [0] * 8)
    jobs = [Job(2 * HOUR, [Task("desk", 0, HOUR)]), Job(HOUR, [Task("desk", 0, HOUR)])]
    assert simulate(jobs, {"desk": day}) == [[10 * HOUR], [9 * HOUR]]


def test_work_begun_before_the_night_ends_the_next_day():
    hours = StaffedHours(0, ([1] * 8 + [0] * 16) * 2)
    assert simulate([Job(7 * HOUR, [Task("desk", 0, 3 * HOUR)])], {"desk": hours}) == [[26 * HOUR]]
