"""A clock that was set, or that differs from the database's, is told from one that is right."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from engine.actors import NewActor, add_actor
from engine.audit.re_anchor import anchor_now, begin_anew
from engine.clock import Reading, read_clock
from engine.clock_doubt import WITNESS, anchoring_doubt, believe_clock, clock_doubt, refuse_doubtful_clock
from engine.ledger.anchoring import anchor
from engine.store import Store
from models.columns import to_micros
from statemachines.refused import Refused
from statemachines.roles import Role
from tests.case_actions import DAY, HOUR, START, execute_sql, new_case, refusal
from tests.no_anchors import UNNAMED, forget_anchors

MINUTE = timedelta(minutes=1)


@dataclass
class Machine:
    """The clocks of a machine: its system clock is ``ahead`` of a right one."""

    right: datetime
    boot: str = "boot-1"
    up: timedelta = 5 * DAY
    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> Reading:
        now = self.right + self.ahead
        return Reading(now, self.boot, now - self.up)

    def later(self, by: timedelta) -> None:
        self.right, self.up = self.right + by, self.up + by

    def restart(self, off: timedelta) -> None:
        self.right, self.boot, self.up = self.right + off, self.boot + "+", MINUTE


def on(machine: Machine, store: Store) -> Machine:
    """Let a machine have the store, which is real and new; nothing is known of the clock yet."""
    forget_anchors(store)
    made_at = to_micros(machine().now)
    execute_sql(store, "UPDATE store_info SET simulated_at = NULL, made_at = :made_at", made_at=made_at)
    store.clock = machine
    return machine


def right() -> Machine:
    """Return a machine with the time of the database under test."""
    return Machine(read_clock().now)


def of_a_date() -> Machine:
    return Machine(datetime(2026, 11, 30, tzinfo=UTC))


def code(doubt: Refused | None) -> str:
    return "" if doubt is None else doubt.code


@pytest.mark.parametrize("ahead", [10 * DAY, 11 * MINUTE, -11 * MINUTE, -10 * DAY])
def test_a_clock_that_is_set_is_noticed_by_every_process_on_the_machine(sqlite_store: Store, ahead: timedelta):
    machine = on(of_a_date(), sqlite_store)
    believe_clock(sqlite_store)
    machine.later(3 * HOUR)
    assert clock_doubt(sqlite_store) is None
    machine.ahead = ahead
    other = Store(sqlite_store.url.render_as_string(False), sqlite_store.home, sqlite_store.secret, clock=machine)
    doubt = clock_doubt(other)
    other.close()
    assert doubt is not None
    assert doubt.code == "clock_jumped"
    assert doubt.params["expected"] == "2026-11-30T03:00:00+00:00"
    machine.ahead = timedelta(minutes=9)
    assert clock_doubt(sqlite_store) is None, "a time server may correct a clock by minutes"


def test_a_store_that_never_kept_what_the_clock_said_has_no_doubt(sqlite_store: Store):
    store, machine = sqlite_store, on(of_a_date(), sqlite_store)
    assert clock_doubt(store) is None
    (store.home / WITNESS).write_bytes(b"{}")
    assert clock_doubt(store) is None
    believe_clock(store)
    assert json.loads((store.home / WITNESS).read_bytes())["boot"] == "boot-1"
    machine.ahead = DAY
    assert code(clock_doubt(store)) == "clock_jumped"
    believe_clock(store)
    assert code(clock_doubt(store)) == "clock_jumped", "a clock that is in doubt is not believed by itself"


@pytest.mark.postgres
@pytest.mark.parametrize(("ahead", "said"), [(DAY, "clock_differs"), (-DAY, "clock_differs"), (MINUTE, "")])
def test_the_clock_of_the_database_must_agree(postgres_store: Store, ahead: timedelta, said: str):
    on(right(), postgres_store).ahead = ahead
    assert code(clock_doubt(postgres_store)) == said
    if said:
        assert refusal(lambda: refuse_doubtful_clock(postgres_store)).code == said


def test_nothing_is_anchored_by_a_clock_that_is_behind_the_last_anchor(sqlite_store: Store):
    machine = on(of_a_date(), sqlite_store)
    believe_clock(sqlite_store)
    new_case(sqlite_store)
    anchor(sqlite_store, machine().now + 2 * DAY, UNNAMED)
    assert clock_doubt(sqlite_store) is None
    assert refusal(lambda: anchor_now(sqlite_store, sqlite_store.now())).code == "clock_behind"
    machine.later(2 * DAY)
    assert anchoring_doubt(sqlite_store) is None


def test_a_machine_that_was_off_for_days_by_its_clock_is_confirmed_by_a_person(sqlite_store: Store):
    store, machine = sqlite_store, on(of_a_date(), sqlite_store)
    believe_clock(store)
    add_administrator(store)
    new_case(store, machine.right - START)
    machine.restart(off=2 * DAY)
    assert anchoring_doubt(store) is None, "a week-end"
    machine.restart(off=40 * DAY)
    assert clock_doubt(store) is None, "what fell due meanwhile is caught up"
    assert refusal(lambda: anchor_now(store, store.now())).code == "clock_far"
    believe_clock(store)
    assert code(anchoring_doubt(store)) == "clock_far"
    begin_anew(store, "ada", "It was a long holiday.", store.now())
    assert anchoring_doubt(store) is None


def test_an_administrator_confirms_a_clock_that_was_set_right(sqlite_store: Store):
    store, machine = sqlite_store, on(of_a_date(), sqlite_store)
    machine.ahead = DAY
    believe_clock(store)
    add_administrator(store)
    machine.ahead = timedelta()
    assert refusal(lambda: anchor_now(store, store.now())).code == "clock_jumped"
    begin_anew(store, "ada", "The clock was a day ahead since the boot.", store.now())
    assert anchoring_doubt(store) is None


@pytest.mark.postgres
def test_nobody_confirms_one_of_two_clocks_that_differ(postgres_store: Store):
    add_administrator(postgres_store)
    on(right(), postgres_store).ahead = DAY
    confirm: Callable[[], object] = lambda: begin_anew(postgres_store, "ada", "Mine.", postgres_store.now())  # noqa: E731
    assert refusal(confirm).code == "clock_differs"


def test_this_machine_knows_when_it_booted_and_that_does_not_move():
    first, second = read_clock(), read_clock()
    assert first.boot == second.boot
    assert abs(second.booted_at - first.booted_at) < timedelta(seconds=5)


def add_administrator(store: Store) -> None:
    with store.writing() as tx:
        add_actor(tx, NewActor("ada", (Role.ADMINISTRATOR,)))
