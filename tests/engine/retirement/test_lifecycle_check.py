"""The check reports what a change of a lifecycle does to open cases, and the migration carries them over at once."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.audit.backup import back_up
from engine.audit.lifecycle_check import LifecycleCheck, check_store
from engine.audit.migrate_lifecycle import migrate_lifecycles
from engine.audit.read_backup import backup_opened
from engine.audit.touched_names import Touched
from engine.audit.verify import verify
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from statemachines.complaint import COMPLAINT
from statemachines.kinds import lifecycles, replaced
from statemachines.lifecycle import Lifecycle, Retired
from tests.case_actions import (
    HANDLER,
    HOUR,
    START,
    contact,
    execute_sql,
    make_move,
    moves_of,
    new_case,
    query_rows,
    refusal,
)
from tests.renaming import Renames, renamed

RENAMES = Renames(
    {"investigated": "examined"}, {"investigate": "examine"}, {"solution": "remedy"}, variables={"returns": "sent_back"}
)
NEXT = renamed(COMPLAINT, RENAMES)


def without_entry(table: Lifecycle, sort: str) -> Lifecycle:
    """Return the table without the ``Retired`` entries of one sort."""
    return replace(table, retired=tuple(entry for entry in table.retired if entry.named[0][0] != sort))


@pytest.fixture
def numbers(store: Store) -> list[str]:
    """The numbers of an investigated case, one that waits for the customer, and a new one; a fourth is closed."""
    investigated, waiting, received, withdrawn = (new_case(store) for _ in range(4))
    for number in (investigated, waiting):
        make_move(store, number, "classify")
        make_move(store, number, "return", HANDLER)
        make_move(store, number, "investigate")
    make_move(store, waiting, "ask_customer")
    make_move(store, withdrawn, "withdraw")
    return [investigated, waiting, received]


def touched_of_complaint(checked: LifecycleCheck) -> dict[tuple[str, str], Touched]:
    """Return by sort and name what the change touches of complaints."""
    [complaint] = [kind for kind in checked.kinds if kind.kind == "complaint"]
    return {(touched.sort, touched.name): touched for touched in complaint.touched}


def test_a_store_under_its_own_lifecycles_needs_no_migration(store: Store, numbers: list[str]):
    checked = check_store(store)
    assert (checked.ok, checked.to_carry) == (True, 0)
    assert {kind.kind for kind in checked.kinds} == set(lifecycles())
    assert all(not kind.touched and not any(version.changes for version in kind.versions) for kind in checked.kinds)


def test_the_check_counts_what_each_renamed_name_touches(store: Store, numbers: list[str]):
    with replaced(NEXT):
        checked = check_store(store)
        touched = touched_of_complaint(checked)
    state = touched["state", "investigated"]
    assert (state.to, state.becomes, state.cases, state.came_from) == ("examined", "carried_over", 1, 1)
    assert state.timers > 0
    assert state.deliveries == 3  # two moves into the state and one out of it
    clause = touched["clause", "solution"]
    assert (clause.to, clause.becomes, clause.timers) == ("remedy", "carried_over", 3)
    move = touched["move", "investigate"]
    assert (move.to, move.becomes, move.cases, move.deliveries) == ("examine", "carried_over", 2, 2)
    variable = touched["variable", "returns"]
    assert (variable.to, variable.becomes, variable.cases) == ("sent_back", "carried_over", 2)
    assert (checked.ok, checked.to_carry) == (True, 3)
    [complaint] = [kind for kind in checked.kinds if kind.kind == "complaint"]
    [version] = complaint.versions
    assert version.version == COMPLAINT.version
    assert version.changes["state"] == {"added": ["examined"], "removed": ["investigated"]}


@pytest.mark.parametrize("sort", ["state", "move", "clause", "variable"])
def test_a_name_in_use_without_an_entry_would_be_lost(store: Store, numbers: list[str], sort: str):
    with replaced(without_entry(NEXT, sort)):
        checked = check_store(store)
        assert not checked.ok
        [kind_with_loss] = [kind for kind in checked.kinds if kind.lost]
        assert {lost.sort for lost in kind_with_loss.lost} == {sort}
        refused = refusal(lambda: migrate_lifecycles(store, START))
        assert refused.code == "lifecycle_unsafe"
        assert refused.params["lost"] == [f"complaint: {sort} {lost.name}" for lost in kind_with_loss.lost]
    assert all("carried_over" not in moves_of(store, number) for number in numbers)


def test_a_case_that_could_not_return_from_its_pause_would_be_lost(store: Store, numbers: list[str]):
    """The release that renames ``investigated`` lacks the row that returns to it."""
    table = renamed(COMPLAINT, Renames({"investigated": "examined"}))
    moves = tuple(row for row in table.moves if row.guard is None or row.guard.name != "came_from_examined")
    with replaced(replace(table, moves=moves)):
        checked = check_store(store)
    pause = touched_of_complaint(checked)["previous_state", "waiting_for_customer from examined"]
    assert (checked.ok, pause.becomes, pause.came_from) == (False, "lost", 1)


def test_the_timers_of_a_clause_retired_without_a_successor_are_closed(store: Store, numbers: list[str]):
    clauses = tuple(clause for clause in COMPLAINT.clauses if clause.name != "solution")
    table = replace(COMPLAINT, clauses=clauses, retired=(Retired(clause="solution"),))
    with replaced(table):
        checked = check_store(store)
        assert (checked.ok, touched_of_complaint(checked)["clause", "solution"].becomes) == (True, "closed")
        assert migrate_lifecycles(store, START + HOUR).carried == checked.to_carry == 3
        sql = "SELECT count(*) AS n FROM timer WHERE clause = 'solution' AND closed_at IS NULL"
        assert query_rows(store, sql) == [{"n": 0}]
        assert verify(store).faults == ()


def test_open_cases_of_an_unknown_kind_would_be_lost(store: Store, numbers: list[str]):
    number = open_case(store, Opening(contact(), "finding"), START).number
    execute_sql(store, "UPDATE cases SET kind = 'parcel' WHERE number = :number", number=number)
    [unknown] = [kind for kind in check_store(store).kinds if kind.lost]
    assert (unknown.kind, unknown.version, unknown.lost[0].cases) == ("parcel", "", 1)


class Killed(Exception):
    """Stands for the end of the process."""


def test_a_killed_migration_resumes_and_a_further_one_does_nothing(store: Store, numbers: list[str]):
    def die_after_first(carried: int) -> None:
        if carried:
            raise Killed

    with replaced(NEXT):
        with pytest.raises(Killed):
            migrate_lifecycles(store, START + HOUR, batch=1, progress=die_after_first)
        assert check_store(store).to_carry == 2
        migrated = migrate_lifecycles(store, START + HOUR, batch=1)
        assert (migrated.carried, migrated.failed) == (2, ())
        for number in numbers:
            assert moves_of(store, number).count("carried_over") == 1
        assert migrate_lifecycles(store, START + HOUR).carried == 0
        assert (check_store(store).ok, check_store(store).to_carry) == (True, 0)
        assert verify(store).faults == ()
        assert make_move(store, numbers[1], "customer_answers", after=2 * HOUR).state == "examined"


def test_a_case_that_cannot_be_carried_over_stops_no_other(store: Store, numbers: list[str]):
    execute_sql(store, "UPDATE timer SET calendar = 'nowhere' WHERE case_id = (SELECT min(id) FROM cases)")
    with replaced(NEXT):
        migrated = migrate_lifecycles(store, START + HOUR)
    assert (migrated.carried, migrated.failed) == (2, ((numbers[0], "unknown_calendar"),))


def test_a_backup_is_checked_without_restoring_it(store: Store, numbers: list[str], tmp_path: Path):
    file = tmp_path / "store.backup"
    back_up(store, file, START + HOUR)
    with replaced(NEXT), backup_opened(file) as copy:
        assert check_store(copy) == check_store(store)
    with replaced(without_entry(NEXT, "state")), backup_opened(file) as copy:
        assert not check_store(copy).ok
    assert "carried_over" not in moves_of(store, numbers[0])
