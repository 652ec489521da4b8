"""Actors change, are absent and leave, each change with a row in the journal; only an administrator changes them."""

from datetime import timedelta
from typing import Any

import pytest

from engine.actors import NewActor, add_actor, available_or_deputies
from engine.commands.holds import hold
from engine.commands.leaving import disable, enable
from engine.commands.open_case import Opening, open_case
from engine.commands.staffing import change_actor, engage, journal
from engine.store import Store
from models import Actor
from statemachines.roles import Role
from tests.case_actions import (
    AGENT,
    DAY,
    HANDLER,
    HOUR,
    MANAGER,
    START,
    SUPERVISOR,
    case_of,
    contact,
    execute_sql,
    history_of,
    make_move,
    moves_of,
    new_case,
    query_rows,
    refusal,
)

ADA = "ada"


@pytest.fixture
def staffed(store: Store) -> Store:
    """A store with an administrator, and more handlers."""
    with store.writing() as tx:
        add_actor(tx, NewActor(ADA, (Role.ADMINISTRATOR,)))
        add_actor(tx, NewActor("bo", (Role.HANDLER,), "claims"))
        add_actor(tx, NewActor("cy", (Role.HANDLER,), "delivery"))
    return store


def change(store: Store, handle: str, by: str = ADA, after: timedelta = timedelta(), **values: Any) -> list[str]:
    return change_actor(store, handle, values, by, START + after)


def actor_of(store: Store, handle: str) -> dict[str, Any]:
    [row] = query_rows(store, "SELECT * FROM actor WHERE handle = :handle", handle=handle)
    return row


def changes_of(store: Store, handle: str) -> list[tuple[str, str, str | None, str | None]]:
    with store.looking() as tx:
        return [(one.by, one.field, one.before, one.after) for one in journal(tx, handle)]


def owned_case(store: Store, owner: str = HANDLER) -> str:
    number = new_case(store)
    make_move(store, number, "assign", owner=owner)
    return number


def test_what_changes_is_in_the_journal_with_its_value_before(staffed: Store):
    values = {"email": "han@claims.example.com", "zone": "Europe/Berlin", "roles": (Role.HANDLER, Role.AGENT)}
    assert change(staffed, HANDLER, after=HOUR, **values) == ["roles", "email", "zone"]
    assert changes_of(staffed, HANDLER) == [
        (ADA, "roles", "handler", "handler agent"),
        (ADA, "email", "han@example.com", "han@claims.example.com"),
        (ADA, "zone", None, "Europe/Berlin"),
    ]
    assert change(staffed, HANDLER, **values) == []
    assert change(staffed, HANDLER, zone=None) == ["zone"]
    with staffed.looking() as tx:
        assert [one.at for one in journal(tx, HANDLER)] == [START + HOUR] * 3 + [START]


def test_a_changed_role_counts_from_the_next_move_on(staffed: Store):
    number = new_case(staffed)
    assert refusal(lambda: make_move(staffed, number, "classify", by=HANDLER)).code == "role"
    change(staffed, HANDLER, roles=(Role.AGENT,))
    make_move(staffed, number, "classify", by=HANDLER)


@pytest.mark.parametrize("by", [SUPERVISOR, "nobody", ""])
def test_only_an_administrator_changes_anybody(staffed: Store, by: str):
    code = "not_in_charge" if by == SUPERVISOR else "unknown_actor"
    assert refusal(lambda: change(staffed, HANDLER, by=by, email="x@example.com")).code == code
    assert refusal(lambda: disable(staffed, HANDLER, by, START)).code == code
    assert refusal(lambda: enable(staffed, HANDLER, by, START)).code == code
    assert changes_of(staffed, HANDLER) == []


def test_an_actor_is_added_by_an_administrator_once_there_is_one(staffed: Store):
    new = NewActor("new", (Role.AGENT,), "claims")
    assert refusal(lambda: engage(staffed, new, "", START)).code == "no_actor"
    assert refusal(lambda: engage(staffed, new, SUPERVISOR, START)).code == "not_in_charge"
    assert [engage(staffed, new, ADA, START), engage(staffed, new, ADA, START)] == [True, False]
    assert changes_of(staffed, "new") == [(ADA, "handle", None, "new")]


def test_without_an_administrator_anybody_adds_the_first_ones(store: Store):
    assert engage(store, NewActor("eve", (Role.ADMINISTRATOR,)), "", START)
    assert changes_of(store, "eve") == [("system", "handle", None, "eve")]
    assert refusal(lambda: engage(store, NewActor("new", (Role.AGENT,)), "", START)).code == "no_actor"


@pytest.mark.parametrize(
    ("handle", "values", "code"),
    [
        (HANDLER, {"department": "clams"}, "unknown_department"),
        (HANDLER, {"zone": "Mars/Olympus"}, "unknown_zone"),
        (HANDLER, {"roles": ()}, "no_roles"),
        (HANDLER, {"boss": HANDLER}, "own_boss"),
        (HANDLER, {"boss": "nobody"}, "unknown_actor"),
        (HANDLER, {"deputy": HANDLER}, "own_deputy"),
        (HANDLER, {"deputy": "nobody"}, "unknown_actor"),
        (HANDLER, {"deputy": AGENT}, "bad_deputy"),
        (HANDLER, {"absent_until": START}, "bad_absence"),
        (HANDLER, {"absent_from": START, "absent_until": START}, "bad_absence"),
        (ADA, {"roles": (Role.AGENT,)}, "last_administrator"),
        ("system", {"email": "x@example.com"}, "not_a_person"),
        ("nobody", {"email": "x@example.com"}, "unknown_actor"),
    ],
)
def test_what_could_not_work_is_refused_and_changes_nothing(
    staffed: Store, handle: str, values: dict[str, Any], code: str
):
    before = query_rows(staffed, "SELECT * FROM actor ORDER BY id")
    assert refusal(lambda: change(staffed, handle, **values)).code == code
    assert query_rows(staffed, "SELECT * FROM actor ORDER BY id") == before
    assert query_rows(staffed, "SELECT id FROM actor_change") == []


def test_a_deputy_keeps_the_roles_of_whom_he_stands_in_for(staffed: Store):
    change(staffed, HANDLER, deputy="bo")
    refused = refusal(lambda: change(staffed, "bo", roles=(Role.AGENT,)))
    assert (refused.code, refused.params["handle"], refused.params["wanted"]) == ("bad_deputy", HANDLER, ["handler"])
    change(staffed, HANDLER, deputy=None)
    change(staffed, "bo", roles=(Role.AGENT,))


@pytest.mark.parametrize(("by", "owner", "away"), [(SUPERVISOR, "bo", SUPERVISOR), (MANAGER, HANDLER, HANDLER)])
def test_whoever_is_absent_neither_acts_nor_gets_work_until_he_is_back(staffed: Store, by: str, owner: str, away: str):
    number = new_case(staffed)
    change(staffed, away, absent_from=START + HOUR, absent_until=START + DAY)
    make_move(staffed, number, "note", by=SUPERVISOR)
    refused = refusal(lambda: make_move(staffed, number, "assign", by, HOUR, owner=owner))
    expected = {"handle": away, "until": (START + DAY).isoformat()}
    assert (refused.code, refused.params) == ("actor_absent", expected)
    make_move(staffed, number, "assign", by, DAY, owner=owner)
    assert case_of(staffed, number)["owner"] == owner


def test_an_open_absence_ends_when_it_is_ended(staffed: Store):
    change(staffed, SUPERVISOR, absent_from=START)
    number = new_case(staffed)
    assert refusal(lambda: make_move(staffed, number, "note", by=SUPERVISOR)).params["until"] == "–"
    change(staffed, SUPERVISOR, absent_from=None)
    make_move(staffed, number, "note", by=SUPERVISOR)


def test_the_only_administrator_ends_his_own_absence(staffed: Store):
    change(staffed, ADA, absent_from=START)
    assert change(staffed, ADA, absent_from=None) == ["absent_from"]


def test_whoever_is_disabled_acts_nowhere(staffed: Store):
    number = new_case(staffed)
    disable(staffed, MANAGER, ADA, START)

    def holds() -> None:
        with staffed.writing() as tx:
            hold(tx, "complaint", MANAGER, "maintenance", START)

    def opens() -> Any:
        return open_case(staffed, Opening(contact(), actor=MANAGER), START)

    for act in (lambda: make_move(staffed, number, "note", by=MANAGER), holds, opens):
        assert refusal(act).code == "actor_disabled"
    assert refusal(lambda: change(staffed, MANAGER, email=None)).code == "actor_disabled"
    assert refusal(lambda: make_move(staffed, number, "assign", owner=MANAGER)).code == "actor_disabled"
    assert enable(staffed, MANAGER, ADA, START + HOUR) == ["disabled_at"]
    make_move(staffed, number, "note", by=MANAGER, after=HOUR)
    assert [field for _, field, _, _ in changes_of(staffed, MANAGER)] == ["disabled_at", "disabled_at"]


def test_the_record_keeps_the_moves_of_whoever_left(staffed: Store):
    number = owned_case(staffed)
    make_move(staffed, number, "note", by=HANDLER)
    disable(staffed, HANDLER, ADA, START)
    assert actor_of(staffed, HANDLER)["id"] in [row["actor_id"] for row in history_of(staffed, number)]


@pytest.mark.parametrize(
    ("deputy", "to", "expected", "department"),
    [
        ("cy", None, "bo", "claims"),  # a deputy of another department does not own what is claims'
        (None, "cy", "cy", "delivery"),
        ("bo", "cy", "cy", "delivery"),
        (None, None, "bo", "claims"),
    ],
)
def test_the_open_cases_of_whoever_leaves_are_handed_on(
    staffed: Store, deputy: str | None, to: str | None, expected: str, department: str
):
    if deputy:
        change(staffed, HANDLER, deputy=deputy)
    mine, others = [owned_case(staffed), owned_case(staffed)], owned_case(staffed, "bo")
    handed = disable(staffed, HANDLER, ADA, START + HOUR, to, "He left.")
    assert handed.cases == tuple((number, expected) for number in mine)
    assert handed.left == ()
    for number in mine:
        case, last = case_of(staffed, number), history_of(staffed, number)[-1]
        assert (case["owner"], case["department"]) == (expected, department)
        assert (last["move"], last["via"]) == ("assign", "staffing")
    assert moves_of(staffed, others).count("assign") == 1


def test_the_boss_gets_what_the_department_cannot_take(staffed: Store):
    change(staffed, "bo", absent_from=START)
    number = owned_case(staffed)
    assert disable(staffed, HANDLER, ADA, START).cases == ((number, SUPERVISOR),)


def test_the_cases_of_a_department_are_shared_by_load(staffed: Store):
    with staffed.writing() as tx:
        add_actor(tx, NewActor("di", (Role.HANDLER,), "claims"))
    owned_case(staffed, "bo")
    for _ in range(3):
        owned_case(staffed)
    assert [owner for _, owner in disable(staffed, HANDLER, ADA, START).cases] == ["di", "bo", "di"]


def test_a_case_that_nobody_can_take_is_named(staffed: Store):
    change(staffed, HANDLER, boss=None)
    disable(staffed, "bo", ADA, START)
    number = owned_case(staffed)
    assert disable(staffed, HANDLER, ADA, START).left == ((number, "nobody_there"),)


def test_disabling_again_hands_nothing_on_twice(staffed: Store):
    number = owned_case(staffed)
    disable(staffed, HANDLER, ADA, START)
    assert disable(staffed, HANDLER, ADA, START + HOUR).cases == ()
    assert moves_of(staffed, number).count("assign") == 2
    assert [field for _, field, _, _ in changes_of(staffed, HANDLER)] == ["disabled_at"]


def test_disabling_again_hands_on_what_an_interruption_left(staffed: Store):
    number = owned_case(staffed)
    execute_sql(staffed, "UPDATE actor SET disabled_at = 5 WHERE handle = :handle", handle=HANDLER)
    assert disable(staffed, HANDLER, ADA, START).cases == ((number, "bo"),)


def test_closed_cases_stay_with_their_owner(staffed: Store):
    number = owned_case(staffed)
    make_move(staffed, number, "withdraw")
    assert disable(staffed, HANDLER, ADA, START).cases == ()
    assert case_of(staffed, number)["owner"] == HANDLER


@pytest.mark.parametrize(("to", "code"), [("nobody", "unknown_actor"), (HANDLER, "own_deputy"), ("bo", "actor_absent")])
def test_a_successor_who_cannot_take_the_cases_stops_it_before_anything_changed(staffed: Store, to: str, code: str):
    change(staffed, "bo", absent_from=START)
    assert refusal(lambda: disable(staffed, HANDLER, ADA, START, to)).code == code
    assert actor_of(staffed, HANDLER)["disabled_at"] is None


def test_the_last_administrator_is_not_disabled(staffed: Store):
    assert refusal(lambda: disable(staffed, ADA, ADA, START)).code == "last_administrator"
    assert actor_of(staffed, ADA)["disabled_at"] is None


def there(actor: Actor) -> bool:
    return actor.available(START)


def member(handle: str, deputy: str | None = None, *, away: bool = False) -> Actor:
    return Actor(handle=handle, roles="handler", deputy=deputy, absent_from=START if away else None)


@pytest.mark.parametrize(
    ("staff", "asked"),
    [
        ([member("a")], ["a"]),
        ([member("a", away=True)], []),
        ([member("a", "b", away=True), member("b")], ["b"]),
        ([member("a", "b", away=True), member("b", "c", away=True), member("c")], ["c"]),
        ([member("a", "b", away=True), member("b", "a", away=True)], []),
        ([member("a", "gone", away=True)], []),
    ],
)
def test_the_deputy_is_asked_in_the_place_of_whoever_is_away(staff: list[Actor], asked: list[str]):
    assert [one.handle for one in available_or_deputies(staff[:1], staff, there)] == asked


def test_nobody_is_asked_twice():
    both = [member("a", "b", away=True), member("b")]
    assert [one.handle for one in available_or_deputies(both, both, there)] == ["b"]
