"""Administrators add, change and disable people on the command line, and hand codes over."""

from typing import Any

import pytest

from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import HANDLER, MANAGER, START, SUPERVISOR, case_of, make_move, new_case

ADA = ("--as", "ada")


@pytest.fixture
def staffed(closeloop: Closeloop, simulated: Store) -> Closeloop:
    """The command line on a store that has an administrator."""
    assert closeloop("actor", "add", "ada", "--role", "administrator").code == 0
    return closeloop


def listed(closeloop: Closeloop, handle: str) -> dict[str, Any]:
    [found] = [one for one in closeloop.json("actor", "list")["actors"] if one["handle"] == handle]
    return found


def test_once_there_is_an_administrator_only_he_adds_people(staffed: Closeloop):
    new = ("actor", "add", "new", "--role", "agent")
    assert staffed.refused(*new)["code"] == "no_actor"
    assert staffed.refused(*new, "--as", SUPERVISOR)["code"] == "not_in_charge"
    assert staffed.json(*new, *ADA) == {"handle": "new", "new": True}


def test_adding_a_known_handle_with_other_particulars_names_the_way_to_change_it(staffed: Closeloop):
    refused = staffed.refused("actor", "add", HANDLER, "--role", "agent", *ADA)
    assert refused["code"] == "actor_exists"
    assert f"closeloop actor set {HANDLER}" in refused["text"]


def test_an_actor_is_changed_and_the_history_says_by_whom(staffed: Closeloop):
    change = ("--email", "h@example.com", "--zone", "Europe/Berlin", "--role", "handler", "--role", "agent")
    document = staffed.json("actor", "set", HANDLER, *change, *ADA)
    assert document == {"handle": HANDLER, "changed": ["roles", "email", "zone"]}
    found = listed(staffed, HANDLER)
    assert (found["email"], found["zone"], found["roles"]) == ("h@example.com", "Europe/Berlin", ["handler", "agent"])
    changes = staffed.json("actor", "history", HANDLER)["changes"]
    assert [(one["by"], one["field"]) for one in changes] == [("ada", name) for name in ("roles", "email", "zone")]
    shown = staffed("actor", "history", HANDLER).output
    assert "Handler, Customer service agent" in shown
    assert "han@example.com" in shown
    staffed.json("actor", "set", HANDLER, "--clear", "email", "--clear", "zone", *ADA)
    assert (listed(staffed, HANDLER)["email"], listed(staffed, HANDLER)["zone"]) == (None, None)


def test_the_name_and_the_telephone_number_of_somebody_are_kept_in_one_form(staffed: Closeloop):
    given = ("--name", "韩 梅", "--phone", "138 0013 8001")
    assert staffed.json("actor", "set", HANDLER, *given, *ADA)["changed"] == ["name", "phone"]
    changes = staffed.json("actor", "history", HANDLER)["changes"]
    assert [one["after"] for one in changes] == ["韩梅", "+8613800138001"]
    staffed.json("actor", "add", "new", "--role", "handler", *given, *ADA)
    assert staffed.json("actor", "add", "new", "--role", "handler", *given, *ADA)["new"] is False
    staffed.json("actor", "set", HANDLER, "--clear", "phone", "--clear", "name", *ADA)


def test_an_absence_is_entered_shown_and_ended(staffed: Closeloop):
    staffed.json("actor", "add", "bo", "--role", "handler", *ADA)
    away = ("--absent-from", "2026-03-01T00:00+08:00", "--absent-until", "2026-03-09T00:00+08:00", "--deputy", "bo")
    staffed.json("actor", "set", HANDLER, *away, *ADA)
    found = listed(staffed, HANDLER)
    assert (found["available"], found["deputy"], found["absent_until"]) == (False, "bo", "2026-03-08T16:00:00+00:00")
    assert "absent until 2026-03-09 00:00" in staffed("actor", "list").output
    staffed.json("actor", "set", HANDLER, "--clear", "absence", *ADA)
    assert listed(staffed, HANDLER)["available"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("actor", "set", HANDLER, *ADA), "nothing_to_set"),
        (("actor", "set", HANDLER, "--clear", "handle", *ADA), "unknown_field"),
        (("actor", "set", HANDLER, "--locale", "tlh", *ADA), "unknown_locale"),
        (("actor", "set", HANDLER, "--role", "boss", *ADA), "unknown_role"),
        (("actor", "set", HANDLER, "--absent-from", "tomorrow", *ADA), "bad_instant"),
        (("actor", "set", HANDLER, "--zone", "Mars", *ADA), "unknown_zone"),
        (("actor", "set", HANDLER, "--phone", "12", *ADA), "bad_staff_phone"),
        (("actor", "set", HANDLER, "--department", "clams", *ADA), "unknown_department"),
        (("actor", "set", HANDLER, "--email", "x@example.com"), "no_actor"),
        (("actor", "history", "nobody"), "unknown_actor"),
        (("department", "add", "Claims!", *ADA), "bad_code"),
        (("department", "add", "clams"), "no_actor"),
    ],
)
def test_what_cannot_be_is_refused_in_words(staffed: Closeloop, arguments: tuple[str, ...], code: str):
    refused = staffed.refused(*arguments)
    assert refused["code"] == code
    assert "{" not in refused["text"]


def test_whoever_leaves_is_disabled_and_his_cases_are_handed_on(staffed: Closeloop, simulated: Store):
    number = new_case(simulated)
    make_move(simulated, number, "assign")
    document = staffed.json("actor", "disable", HANDLER, *ADA)
    assert document == {"handle": HANDLER, "handed_on": [{"case": number, "owner": SUPERVISOR}], "left": []}
    assert case_of(simulated, number)["owner"] == SUPERVISOR
    assert "disabled" in staffed("actor", "list").output
    history = staffed("case", "history", number).output
    assert "change of staff" in history
    assert staffed.json("actor", "enable", HANDLER, *ADA) == {"handle": HANDLER, "changed": ["disabled_at"]}


def test_what_could_not_be_handed_on_is_shown(staffed: Closeloop, simulated: Store):
    number = new_case(simulated)
    make_move(simulated, number, "assign")
    staffed.json("actor", "set", HANDLER, "--clear", "boss", *ADA)
    shown = staffed("actor", "disable", HANDLER, *ADA).output
    assert "0 cases were handed on, 1 could not be" in shown
    assert number in shown
    assert "nobody is there to take it" in shown


def test_a_department_is_added_and_listed(staffed: Closeloop):
    assert staffed.json("department", "add", "customs", "claims", *ADA) == {"added": ["customs"]}
    assert "customs" in staffed.json("department", "list")["departments"]
    assert "Claims" in staffed("department", "list").output
    staffed.json("actor", "set", HANDLER, "--department", "customs", *ADA)


def test_an_administrator_hands_a_code_over(staffed: Closeloop):
    made = staffed.json("code", "--for", SUPERVISOR, *ADA)
    assert (made["handle"], len(made["code"]), made["until"]) == (SUPERVISOR, 6, "2026-03-02T01:15:00+00:00")
    assert staffed.refused("code", "--for", SUPERVISOR, "--as", MANAGER)["code"] == "not_in_charge"
    assert staffed.refused("code", "--for", "nobody", *ADA)["code"] == "unknown_actor"
    [change] = staffed.json("actor", "history", SUPERVISOR)["changes"]
    assert (change["by"], change["field"], change["before"]) == ("ada", "code", None)
    assert change["at"] == START.isoformat()
    assert "code handed over" in staffed("actor", "history", SUPERVISOR).output
    assert "2026-03-02 09:15" in staffed("code", "--for", SUPERVISOR, *ADA).output
