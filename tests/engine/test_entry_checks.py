"""Whatever door a value comes by, the engine refuses what no store can keep or nobody can read, and writes nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from pydantic import ValidationError

from engine.actors import NewActor, add_actor
from engine.commands.advance import advance
from engine.commands.advance_many import advance_many
from engine.commands.command import Command
from engine.commands.follow_up import follow_up
from engine.commands.open_case import Opening, open_case
from engine.commands.same_customer import Decision, join_customers
from engine.commands.staffing import change_actor, engage, found_departments
from engine.create_store import set_clock
from engine.rules.in_force import Sort
from engine.rules.interpretations import interpret
from engine.rules.publishing import publish
from engine.store import Store
from locales.translation import catalogue
from locales.translation import refusal as text_of
from models.contact import Contact
from statemachines.refused import Refused
from statemachines.roles import Role
from tests.case_actions import (
    AGENT,
    DAY,
    START,
    contact,
    execute_sql,
    history_of,
    new_case,
    query_rows,
    refusal,
)

LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(-timedelta(hours=14)))
EARLIEST = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
HIDDEN = ["am\u200by", "\u202eyma", "am\ny", "am\x1b[31my", "am\0y", "am\ud800y", "x" * 101, "", "am\x9by"]
KEYS = ["", "k\0", "k\n", "k\ud800", "x" * 201, "\x1b]0;x\x07"]


def code_of(work: Callable[..., Any], *arguments: Any) -> str:
    """Return the code of a refusal, which has a text in every language."""
    refused = refusal(partial(work, *arguments))
    for locale in ("zh_CN", "zh_TW", "en"):
        assert f"refused.{refused.code}" in catalogue(locale)
        text_of(locale, refused).encode()
    return refused.code


@pytest.fixture
def number(store: Store) -> str:
    return new_case(store)


def test_nobody_acts_under_a_handle_that_hides_anything(store: Store, number: str):
    for handle in HIDDEN:
        before = history_of(store, number)
        assert code_of(advance, store, Command(number, "note", {"note": "x"}, handle), START) == "unknown_actor"
        assert code_of(open_case, store, Opening(contact(), actor=handle), START) == "unknown_actor"
        assert history_of(store, number) == before
        assert query_rows(store, "SELECT count(*) AS n FROM cases") == [{"n": 1}]


def test_nobody_is_added_under_a_handle_that_hides_anything(store: Store):
    for handle in [*HIDDEN, " amy", "amy "]:
        new = NewActor(handle, (Role.AGENT,))
        before = query_rows(store, "SELECT handle FROM actor ORDER BY handle")
        assert code_of(engage, store, new, "", START) == "bad_handle"
        assert query_rows(store, "SELECT handle FROM actor ORDER BY handle") == before


def test_a_key_is_one_short_printable_line(store: Store, number: str):
    for key in KEYS:
        note = Command(number, "note", {"note": "x"}, AGENT, key=key)
        assert code_of(advance, store, note, START) == "bad_key"
        assert code_of(open_case, store, Opening(contact(), actor=AGENT, key=key), START) == "bad_key"
        assert query_rows(store, "SELECT key FROM idempotency_key") == []


def test_no_case_has_a_number_that_hides_anything(store: Store):
    for number_ in ["cp-26-\0", "\ud800", "x" * 5000, "cp-26-000001\u200b", ""]:
        assert code_of(advance, store, Command(number_, "note", {}, AGENT), START) == "unknown_case"
        parent = Opening(contact(), actor=AGENT, parent=number_)
        assert code_of(open_case, store, parent, START) == "unknown_case"


def test_no_move_has_a_name_that_hides_anything(store: Store, number: str):
    for move in ["no\0te", "\ud800", "x" * 5000, ""]:
        assert code_of(advance, store, Command(number, move, {}, AGENT), START) == "unknown_move"


def test_a_command_of_a_group_is_refused_alone(store: Store, number: str):
    note = {"note": "x"}
    commands = [
        Command(number, "note", note, AGENT, key="a\0"),
        Command(number, "note", note, AGENT),
        Command("\ud800", "note", note, AGENT),
        Command(number, "note", note, "am\0y"),
        Command(number, "note", note, AGENT),
    ]
    answers = advance_many(store, commands, START)
    codes = [answer.code if isinstance(answer, Refused) else "made" for answer in answers]
    assert codes == ["bad_key", "made", "unknown_case", "unknown_actor", "made"]


def test_a_number_that_no_column_holds_is_refused(store: Store, number: str):
    for key in [None, "k"]:
        for number_of_fen in [10**40, -(10**40), 10**5000, "9" * 5000, "1e999999", 2**63, float("inf")]:
            form = {"amount": number_of_fen, "reason": "x"}
            assert code_of(advance, store, Command(number, "recover", form, "sue", key=key), START) == "form"


def test_a_number_of_a_transition_is_one_that_there_can_be(store: Store, number: str):
    for seq in [2**63, 10**400, -1]:
        assert code_of(advance, store, Command(number, "note", {"note": "x"}, AGENT, if_seq=seq), START) == "stale"


def test_an_instant_without_a_local_time_is_refused(store: Store, number: str):
    for at in [LATEST, EARLIEST]:
        late = Command(number, "note", {"note": "x"}, "import", occurred_at=at)
        assert code_of(advance, store, late, START) == "impossible_instant"
        assert code_of(set_clock, store, at) == "impossible_instant"
        with pytest.raises(ValidationError):
            Contact(row_id="1", text="Late.", at=at)


def test_an_instant_without_an_offset_is_refused(store: Store, number: str):
    naive = Command(number, "note", {"note": "x"}, "import", occurred_at=datetime(2026, 3, 1))  # noqa: DTZ001
    assert code_of(advance, store, naive, START) == "bad_instant"


def test_a_form_takes_no_instant_without_a_local_time(store: Store, number: str):
    for due in ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"]:
        promise = Command(number, "promise", {"due_at": due, "message": "Soon."}, AGENT)
        assert code_of(advance, store, promise, START) == "form"


def test_minus_zero_is_the_offset_of_utc(store: Store):
    written = Contact.model_validate({"row_id": "1", "text": "Late.", "at": "2026-03-02T01:00:00-00:00"})
    opened = open_case(store, Opening(written, actor=AGENT), START)
    [row] = query_rows(store, "SELECT opened_at FROM cases WHERE number = :number", number=opened.number)
    assert datetime.fromtimestamp(row["opened_at"] / 1_000_000, UTC) == START


def test_a_mail_address_is_one_address(store: Store):
    for email in ["a@b@c.de", "a@b.de\nBcc: c@d.de", "a@b.de,c@d.de", "no address", "a\x1b[31m@b.de"]:
        assert code_of(engage, store, NewActor("new", (Role.AGENT,), email=email), "", START) == "bad_address"


def test_a_contact_by_any_door_has_one_mail_address(store: Store):
    wrong = Opening(contact(email="a@b@c.de"), actor=AGENT, via="prefect")
    assert code_of(open_case, store, wrong, START) == "bad_address"
    with pytest.raises(ValidationError):
        contact(email="a@b.de\x1b[31m")


def test_a_zone_is_one_of_the_iana(store: Store):
    for zone in ["Asia", "../..", "/etc/localtime", "Asia/Shanghai/..", "", "UTC+25", "\0", "x" * 5000]:
        assert code_of(engage, store, NewActor("new", (Role.AGENT,), zone=zone), "", START) == "unknown_zone"


def test_a_language_is_written_as_a_locale(store: Store):
    for locale in ["", "../en", "english", "zh-CN", "zh_CN\0"]:
        assert code_of(engage, store, NewActor("new", (Role.AGENT,), locale=locale), "", START) == "bad_locale"


def test_a_department_has_a_code(store: Store):
    for code in ["", "A", "a b", "a\0", "x" * 41, "a\u200b"]:
        assert code_of(found_departments, store, [code], "", START) == "bad_code"


def test_an_administrator_sets_no_absence_beyond_the_calendar(store: Store):
    with store.writing() as tx:
        add_actor(tx, NewActor("adam", (Role.ADMINISTRATOR,)))
    values = {"absent_from": START, "absent_until": LATEST}
    assert code_of(change_actor, store, AGENT, values, "adam", START) == "impossible_instant"
    assert code_of(change_actor, store, "am\0y", {"zone": None}, "adam", START) == "unknown_actor"


def test_a_reason_can_be_kept(store: Store):
    for text in ["a\0b", "\ud800", "王" * 30_000]:
        with store.writing() as tx:
            add_actor(tx, NewActor("eva", (Role.EVALUATION_GROUP,)))
        rules = "zone = 'UTC'"
        assert code_of(publish, store, Sort.PACK, rules, "eva", START, START + DAY, text) == "bad_text"
        assert code_of(interpret, store, "logistics", "reply", text, "eva", START) == "bad_text"


def test_rules_beyond_the_limits_are_refused(store: Store):
    for sort in [Sort.PACK, Sort.CALENDAR, Sort.SURVEY]:
        for rules in [
            "a = " + "[" * 100_000,
            "a = " + "9" * 5000,
            "a = 1e999999",
            "a = nan",
            ".".join("a" * 90) + " = 1",
            "#" * 2_000_000,
        ]:
            with store.writing() as tx:
                add_actor(tx, NewActor("eva", (Role.EVALUATION_GROUP,)))
            assert code_of(publish, store, sort, rules, "eva", START, START + DAY, "why").startswith("bad_")


def test_a_follow_up_and_a_decision_about_customers_are_checked_as_well(store: Store, number: str):
    assert code_of(follow_up, store, "cp\0", contact(), START, AGENT) == "unknown_case"
    assert code_of(follow_up, store, number, contact(), START, "am\0y") == "unknown_actor"
    assert code_of(follow_up, store, number, contact(), START, AGENT, "cli", "k\0") == "bad_key"
    other = new_case(store, row_id="2", text="Another matter.", customer="Wang")
    for reason in ("", "a\0b", "\ud800"):
        assert code_of(join_customers, store, Decision(number, other, reason, AGENT), START) == "form"
    assert code_of(join_customers, store, Decision(number, "cp\0", "why", AGENT), START) == "unknown_case"


def test_a_value_that_gets_past_all_checks_is_refused_by_the_transaction(store: Store):
    def ask(value: Any) -> Callable[[], Any]:
        def work() -> None:
            with store.writing() as tx:
                tx.rows("SELECT id FROM cases WHERE number = :value", value=value)

        return work

    assert code_of(ask("\ud800")) == "unstorable_value"
    assert execute_sql(store, "UPDATE actor SET zone = NULL WHERE handle = :handle", handle=AGENT) == 1


def test_nobody_is_added_under_a_handle_that_reads_as_another(store: Store):
    for handle in ("\u0430my", "\uff41my", "adm\u0131n"):
        assert code_of(engage, store, NewActor(handle, (Role.AGENT,)), "", START) == "confusable_handle"
        assert code_of(engage, store, NewActor("bob", (Role.AGENT,), boss=handle), "", START) == "confusable_handle"
    assert engage(store, NewActor("王芳", (Role.AGENT,)), "", START)
