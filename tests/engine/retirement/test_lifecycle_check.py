"""The check names what a change of the lifecycles does to open cases, and the migration carries them over at once."""

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
    """The table as if somebody had forgotten the entries of one sort."""
    return replace(table, retired=tuple(gone for gone in table.retired if gone.named[0][0] != sort))


@pytest.fixture
def numbers(store: Store) -> list[str]:
    """A case in ``investigated``, one that waits for the customer from it, one just opened; a fourth one is closed."""
    there, waits, fresh, gone = (new_case(store) for _ in range(4))
    for number in (there, waits):
        make_move(store, number, "classify")
        make_move(store, number, "return", HANDLER)
        make_move(store, number, "investigate")
    make_move(store, waits, "ask_customer")
    make_move(store, gone, "withdraw")
    return [there, waits, fresh]


def complaint(checked: LifecycleCheck) -> dict[tuple[str, str], Touched]:
    [found] = [one for one in checked.kinds if one.kind == "complaint"]
    return {(one.sort, one.name): one for one in found.touched}


def test_a_store_of_today_is_as_it_should_be(store: Store, numbers: list[str]):
    checked = check_store(store)
    assert (checked.ok, checked.to_carry) == (True, 0)
    assert {one.kind for one in checked.kinds} == set(lifecycles())
    assert all(not one.touched and not any(v.changes for v in one.versions) for one in checked.kinds)


def test_the_check_counts_what_each_renamed_name_touches(store: Store, numbers: list[str]):
    with replaced(NEXT):
        checked = check_store(store)
        touched = complaint(checked)
    state = touched["state", "investigated"]
    assert (state.to, state.becomes, state.cases, state.came_from) == ("examined", "carried_over", 1, 1)
    assert state.timers > 0
    assert state.deliveries == 3  # two moves into it, and the question that was asked from it
    clause = touched["clause", "solution"]
    assert (clause.to, clause.becomes, clause.timers) == ("remedy", "carried_over", 3)
    move = touched["move", "investigate"]
    assert (move.to, move.becomes, move.cases, move.deliveries) == ("examine", "carried_over", 2, 2)
    variable = touched["variable", "returns"]
    assert (variable.to, variable.becomes, variable.cases) == ("sent_back", "carried_over", 2)
    assert (checked.ok, checked.to_carry) == (True, 3)
    [kind] = [one for one in checked.kinds if one.kind == "complaint"]
    [version] = kind.versions
    assert version.version == COMPLAINT.version
    assert version.changes["state"] == {"added": ["examined"], "removed": ["investigated"]}


@pytest.mark.parametrize("sort", ["state", "move", "clause", "variable"])
def test_a_name_in_use_without_an_entry_would_be_lost(store: Store, numbers: list[str], sort: str):
    with replaced(without_entry(NEXT, sort)):
        checked = check_store(store)
        assert not checked.ok
        [kind] = [one for one in checked.kinds if one.lost]
        assert {one.sort for one in kind.lost} == {sort}
        refused = refusal(lambda: migrate_lifecycles(store, START))
        assert refused.code == "lifecycle_unsafe"
        assert refused.params["lost"] == [f"complaint: {sort} {one.name}" for one in kind.lost]
    assert all("carried_over" not in moves_of(store, number) for number in numbers)


def test_a_case_that_could_not_go_back_any_more_would_be_lost(store: Store, numbers: list[str]):
    """The release that renames ``investigated`` forgets the answer that leads back to it."""
    table = renamed(COMPLAINT, Renames({"investigated": "examined"}))
    moves = tuple(row for row in table.moves if row.guard is None or row.guard.name != "came_from_examined")
    with replaced(replace(table, moves=moves)):
        checked = check_store(store)
    gone = complaint(checked)["previous_state", "waiting_for_customer from examined"]
    assert (checked.ok, gone.becomes, gone.came_from) == (False, "lost", 1)


def test_what_is_retired_to_nothing_is_closed_dropped_or_kept(store: Store, numbers: list[str]):
    clauses = tuple(clause for clause in COMPLAINT.clauses if clause.name != "solution")
    table = replace(COMPLAINT, clauses=clauses, retired=(Retired(clause="solution"),))
    with replaced(table):
        checked = check_store(store)
        assert (checked.ok, complaint(checked)["clause", "solution"].becomes) == (True, "closed")
        assert migrate_lifecycles(store, START + HOUR).carried == checked.to_carry == 3
        sql = "SELECT count(*) AS n FROM timer WHERE clause = 'solution' AND closed_at IS NULL"
        assert query_rows(store, sql) == [{"n": 0}]
        assert verify(store).faults == ()


def test_a_kind_that_is_gone_with_open_cases_would_be_lost(store: Store, numbers: list[str]):
    number = open_case(store, Opening(contact(), "finding"), START).number
    execute_sql(store, "UPDATE cases SET kind = 'parcel' WHERE number = :number", number=number)
    [gone] = [one for one in check_store(store).kinds if one.lost]
    assert (gone.kind, gone.version, gone.lost[0].cases) == ("parcel", "", 1)


class Killed(Exception):
    """The process died here."""


def test_a_migration_that_was_killed_goes_on_and_a_second_one_does_nothing(store: Store, numbers: list[str]):
    def dies(carried: int) -> None:
        if carried:
            raise Killed

    with replaced(NEXT):
        with pytest.raises(Killed):
            migrate_lifecycles(store, START + HOUR, batch=1, progress=dies)
        assert check_store(store).to_carry == 2
        migrated = migrate_lifecycles(store, START + HOUR, batch=1)
        assert (migrated.carried, migrated.failed) == (2, ())
        for number in numbers:
            assert moves_of(store, number).count("carried_over") == 1
        assert migrate_lifecycles(store, START + HOUR).carried == 0
        assert (check_store(store).ok, check_store(store).to_carry) == (True, 0)
        assert verify(store).faults == ()
        assert make_move(store, numbers[1], "customer_answers", after=2 * HOUR).state == "examined"


def test_one_case_that_cannot_be_carried_over_holds_up_no_other(store: Store, numbers: list[str]):
    execute_sql(store, "UPDATE timer SET calendar = 'nowhere' WHERE case_id = (SELECT min(id) FROM cases)")
    with replaced(NEXT):
        migrated = migrate_lifecycles(store, START + HOUR)
    assert (migrated.carried, migrated.failed) == (2, ((numbers[0], "unknown_calendar"),))


def test_a_backup_is_checked_where_it_lies(store: Store, numbers: list[str], tmp_path: Path):
    file = tmp_path / "store.backup"
    back_up(store, file, START + HOUR)
    with replaced(NEXT), backup_opened(file) as copy:
        assert check_store(copy) == check_store(store)
    with replaced(without_entry(NEXT, "state")), backup_opened(file) as copy:
        assert not check_store(copy).ok
    assert "carried_over" not in moves_of(store, numbers[0])
