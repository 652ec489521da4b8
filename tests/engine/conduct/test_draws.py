"""A draw takes contacts by a seed from a recorded population; nobody draws unseen until the sample pleases him (F5)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.access.scope import cases_in_scope
from engine.commands.open_case import Opening, open_case
from engine.conduct.draws import MOST, WantedSample, draw, draw_again
from engine.conduct.sheet_rows import DrawnContact, drawn_contacts, newest_draws
from engine.store import Store
from models.columns import to_micros
from statemachines.roles import Role
from tests.case_actions import (
    AGENT,
    DAY,
    HANDLER,
    HOUR,
    START,
    SUPERVISOR,
    contact,
    execute_sql,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
    refusal,
    run_concurrently,
)
from tests.engine.access.people import principal
from tests.engine.conduct.reviewed_contacts import (
    LATER,
    QIN,
    QIU,
    SEED,
    WANTED,
    drawn,
    person,
    reviewer,
    speak,
    spoken_contacts,
)

pytestmark = pytest.mark.requirement("F5")


def contacts_of(store: Store, draw_id: int) -> list[DrawnContact]:
    with store.looking() as tx:
        return drawn_contacts(tx, draw_id, cases_in_scope(person(store, QIN)))


def keys_of(store: Store, draw_id: int) -> list[str]:
    sql = """SELECT c.number, s.seq FROM conduct_sample s JOIN cases c ON c.id = s.case_id
              WHERE draw_id = :id ORDER BY position"""
    return [f"{row['number']} {row['seq']}" for row in query_rows(store, sql, id=draw_id)]


def all_of(store: Store, **wanted: Any) -> set[str]:
    """Draw every contact that can be drawn."""
    return set(keys_of(store, drawn(store, replace(WANTED, size=MOST, **wanted))))


def test_the_draw_is_recorded_with_its_population_and_seed(store: Store):
    contacts = spoken_contacts(store, 5)
    draw_id = drawn(store)
    assert set(keys_of(store, draw_id)) < set(contacts)
    with store.looking() as tx:
        [row] = newest_draws(tx, 10)
    assert (row.drawn_by, row.drawn_at, row.seed, row.channel) == (QIN, LATER, SEED, "phone")
    assert (row.population, row.wanted, row.drawn, row.scored, row.earlier) == (5, 3, 3, 0, 0)


def test_without_a_seed_the_program_chooses_one(store: Store):
    spoken_contacts(store, 2)
    for _ in range(2):
        draw(store, reviewer(store), replace(WANTED, size=1), LATER)
    seeds = [row["seed"] for row in query_rows(store, "SELECT seed FROM conduct_draw")]
    assert len(set(seeds)) == 2
    assert all(len(seed) == 16 for seed in seeds)


def test_drawn_again_later_the_sample_is_the_same(store: Store):
    """Contacts that were recorded since make no difference, nor do later draws."""
    spoken_contacts(store, 6)
    draw_id = drawn(store)
    speak(store, new_case(store, 3 * DAY), AGENT, 3 * DAY)
    execute_sql(store, "UPDATE transition SET occurred_at = :at WHERE case_id = 7", at=to_micros(START + HOUR))
    drawn(store, seed="another")
    with store.looking() as tx:
        again = draw_again(tx, draw_id)
    assert (again.population, again.same_population, again.same_sample) == (6, True, True)


def test_a_draw_whose_contacts_were_exchanged_is_found(store: Store):
    spoken_contacts(store, 6)
    draw_id = drawn(store)
    execute_sql(store, "UPDATE conduct_draw SET seed = 'liked' WHERE id = :id", id=draw_id)
    with store.looking() as tx:
        again = draw_again(tx, draw_id)
    assert (again.same_population, again.same_sample) == (True, False)


def test_drawing_again_until_the_sample_pleases_is_seen(store: Store):
    contacts = spoken_contacts(store, 6)
    first, second = drawn(store), drawn(store, by=QIU)
    assert sorted(keys_of(store, first) + keys_of(store, second)) == sorted(contacts)
    with store.looking() as tx:
        listed = [
            (row.id, row.drawn_by, row.population, row.drawn, row.scored, row.earlier) for row in newest_draws(tx, 9)
        ]
    assert listed == [(second, QIU, 3, 3, 0, 1), (first, QIN, 6, 3, 0, 0)]
    assert refusal(lambda: drawn(store)).code == "no_contacts"


def test_two_who_draw_at_once_draw_different_contacts(store: Store):
    contacts = spoken_contacts(store, 6)
    people = [reviewer(store, handle) for handle in (QIN, QIU)]
    ids = run_concurrently([lambda who=who: draw(store, who, WANTED, LATER) for who in people])
    assert set(ids) == {1, 2}
    assert sorted(keys_of(store, 1) + keys_of(store, 2)) == sorted(contacts)
    with store.looking() as tx:
        assert all(draw_again(tx, each).same_sample for each in (1, 2))


def test_a_form_that_is_sent_twice_draws_once(store: Store):
    spoken_contacts(store, 6)
    who = reviewer(store)
    assert [draw(store, who, WANTED, LATER, "key") for _ in range(2)] == [1, 1]
    assert refusal(lambda: draw(store, who, replace(WANTED, size=1), LATER, "key")).code == "key_reused"


def test_a_contact_is_what_reached_a_customer_by_the_channel(store: Store):
    by_phone, at_the_counter = spoken_contacts(store, 1), spoken_contacts(store, 1, medium="counter")
    new_case(store, channel="hotline")  # read from a file: nobody of the staff spoke
    number = new_resolved_case(store)
    resolved = [row["seq"] for row in query_rows(store, "SELECT seq FROM transition WHERE move = 'resolve'")]
    revisit = make_move(store, number, "revisit", by=AGENT).seq
    make_move(store, number, "note", by=AGENT)
    assert all_of(store) == {*by_phone, *(f"{number} {seq}" for seq in [*resolved, revisit])}
    assert all_of(store, channel="counter") == {*at_the_counter}


def test_whoever_takes_a_call_and_opens_the_case_spoke_with_the_customer(store: Store):
    for channel in ("hotline", "counter", "chat", "mail"):
        opening = Opening(contact(channel=channel, text=f"By {channel}."), actor=AGENT)
        open_case(store, opening, START)
    for channel in ("phone", "counter", "chat"):
        assert len(all_of(store, channel=channel)) == 1
    assert refusal(lambda: all_of(store, channel="mail")).code == "no_contacts"


def test_a_contact_of_a_violation_is_never_drawn(store: Store):
    contacts = spoken_contacts(store, 2)
    execute_sql(store, "UPDATE cases SET kind = 'violation' WHERE number = :number", number=contacts[0].split()[0])
    assert all_of(store) == {contacts[1]}


def test_the_drawers_own_contacts_are_not_drawn(store: Store):
    reviewer(store)
    [others] = spoken_contacts(store, 1)
    spoken_contacts(store, 1, by=QIN)
    assert all_of(store) == {others}


def test_a_sample_is_narrowed_to_a_period_a_department_or_a_person(store: Store):
    number = new_case(store)
    amy = f"{number} {speak(store, number, AGENT)}"
    han = f"{number} {speak(store, number, HANDLER, HOUR)}"
    sue = f"{number} {speak(store, number, SUPERVISOR, 2 * HOUR)}"
    assert all_of(store, since=START + HOUR, until=START + 2 * HOUR) == {han}
    assert all_of(store, department="claims") == {sue}
    assert all_of(store, staff=AGENT) == {amy}


def test_nothing_that_was_inferred_or_replayed_is_drawn(store: Store):
    first, second, third = spoken_contacts(store, 3)
    execute_sql(store, "UPDATE transition SET inferred = :yes WHERE case_id = 1 AND seq > 1", yes=True)
    execute_sql(store, "UPDATE transition SET via = 'replay' WHERE case_id = 2 AND seq > 1")
    assert all_of(store) == {third}
    assert first < second


@pytest.mark.requirement("F3")
@pytest.mark.parametrize("role", [Role.EVALUATION_GROUP, Role.AUDITOR, Role.TEAM_SUPERVISOR, Role.AGENT])
def test_only_the_quality_team_draws(store: Store, role: Role):
    spoken_contacts(store, 2)
    assert refusal(lambda: draw(store, principal(store, role), WANTED, LATER)).code == "not_in_charge"
    assert query_rows(store, "SELECT * FROM conduct_draw") == []


WRONG: dict[str, tuple[WantedSample, str]] = {
    "channel": (replace(WANTED, channel="pigeon"), "unknown_channel"),
    "period": (replace(WANTED, until=START), "period_reversed"),
    "size": (replace(WANTED, size=0), "bad_sample_size"),
    "too_many": (replace(WANTED, size=MOST + 1), "bad_sample_size"),
    "department": (replace(WANTED, department="nowhere"), "unknown_department"),
    "person": (replace(WANTED, staff="nobody_known"), "unknown_actor"),
    "nothing": (replace(WANTED, since=START + timedelta(days=9), until=START + timedelta(days=10)), "no_contacts"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_draw_that_cannot_be_made_is_refused(store: Store, what: str):
    wanted, code = WRONG[what]
    spoken_contacts(store, 1)
    assert refusal(lambda: drawn(store, wanted)).code == code
    assert query_rows(store, "SELECT * FROM conduct_draw") == []


def test_who_may_not_know_of_a_case_is_not_told_its_number(store: Store):
    [contact] = spoken_contacts(store, 1)
    draw_id = drawn(store)
    assert [each.number for each in contacts_of(store, draw_id)] == [contact.split()[0]]
    execute_sql(store, "UPDATE cases SET kind = 'appeal'")
    assert [(each.number, each.staff) for each in contacts_of(store, draw_id)] == [(None, AGENT)]


def test_draws_stand_in_the_order_in_which_they_were_made(store: Store):
    spoken_contacts(store, 6)
    ids = [drawn(store, replace(WANTED, size=1)) for _ in range(3)]
    with store.looking() as tx:
        assert [row.id for row in newest_draws(tx, 2)] == [ids[2], ids[1]]
    assert to_micros(LATER) == query_rows(store, "SELECT drawn_at FROM conduct_draw")[0]["drawn_at"]
