"""A one-time link sets a password once, until it expires; the first administrator gets one, and nobody else does."""

import pytest

from engine.accounts.accounts import accounts, add_account, disable_account
from engine.accounts.invitations import LASTS, accept, invite, invite_first, pending_invitation, reset
from engine.actors import NewActor
from engine.commands.leaving import disable
from engine.commands.staffing import engage
from engine.store import Store
from statemachines.roles import Role
from tests.case_actions import AGENT, HANDLER, MICROSECOND, START, SUPERVISOR, refusal, run_concurrently
from tests.engine.accounts.people_with_accounts import (
    ADMIN,
    OTHER_PASSWORD,
    PASSWORD,
    RULES,
    add_accounts,
    add_administrator,
    logged_in,
)

pytestmark = pytest.mark.requirement("H4")


def test_the_first_administrator_sets_his_password_by_his_link(store: Store):
    invited = invite_first(store, ADMIN, START)
    assert accept(store, invited.code, PASSWORD, START, RULES) == ADMIN
    assert logged_in(store, ADMIN).handle == ADMIN


def test_there_is_one_first_administrator(store: Store):
    first = invite_first(store, ADMIN, START)
    assert refusal(lambda: invite_first(store, "mallory", START)).code == "not_first"
    second = invite_first(store, ADMIN, START)
    assert refusal(lambda: accept(store, first.code, PASSWORD, START, RULES)).code == "invitation_invalid"
    accept(store, second.code, PASSWORD, START, RULES)
    assert refusal(lambda: invite_first(store, ADMIN, START)).code == "not_first"


def test_an_administrator_who_was_added_before_there_were_accounts_is_the_first(store: Store):
    engage(store, NewActor("adm", (Role.ADMINISTRATOR,)), "", START)
    assert refusal(lambda: invite_first(store, ADMIN, START)).code == "not_first"
    assert invite_first(store, "adm", START).handle == "adm"


def test_somebody_with_other_roles_becomes_no_administrator_by_it(store: Store):
    assert refusal(lambda: invite_first(store, AGENT, START)).code == "actor_exists"


def test_a_link_can_be_looked_at_without_using_it(store: Store):
    add_administrator(store)
    invited, late = invite(store, AGENT, ADMIN, START), START + LASTS
    pending = pending_invitation(store, invited.code, late - MICROSECOND)
    assert (pending.handle, pending.until) == (AGENT, late)
    assert pending_invitation(store, invited.code, START) == pending
    assert not pending.second_factor_needed, "an agent decides nothing"
    assert pending_invitation(store, invite(store, SUPERVISOR, ADMIN, START).code, START).second_factor_needed
    for code, at in ((invited.code, late), (invited.code[:-1] + "x", START), ("", START)):
        assert refusal(lambda code=code, at=at: pending_invitation(store, code, at)).code == "invitation_invalid"
    accept(store, invited.code, PASSWORD, START, RULES)
    assert refusal(lambda: pending_invitation(store, invited.code, START)).code == "invitation_invalid"


def test_a_link_is_good_once_and_until_it_expires(store: Store):
    add_administrator(store)
    invited = invite(store, AGENT, ADMIN, START)
    late = START + LASTS
    assert refusal(lambda: accept(store, invited.code, PASSWORD, late, RULES)).code == "invitation_invalid"
    accept(store, invited.code, PASSWORD, late - MICROSECOND, RULES)
    again = refusal(lambda: accept(store, invited.code, OTHER_PASSWORD, START, RULES))
    assert again.code == "invitation_invalid"
    assert logged_in(store).handle == AGENT


def test_a_weak_password_does_not_spend_the_link(store: Store):
    add_administrator(store)
    invited = invite(store, AGENT, ADMIN, START)
    for password, code in (
        ("", "password_short"),
        ("elevenchars", "password_short"),
        ("qwertyuiop123", "password_guessable"),
        ("amyamyamyamy", "password_guessable"),
        ("amy@example.com", "password_guessable"),
        ("x" * 129, "password_long"),
        ("correct horse \ud800", "bad_text"),
    ):
        refused = refusal(lambda password=password: accept(store, invited.code, password, START, RULES))
        assert refused.code == code, password
    assert accept(store, invited.code, PASSWORD, START, RULES) == AGENT


@pytest.mark.parametrize("password", ["春眠不觉晓处处闻啼鸟夜来", "Ünïcödé strasse 4711 weg"])
def test_a_password_may_be_written_in_any_script(sqlite_store: Store, password: str):
    add_administrator(sqlite_store)
    assert accept(sqlite_store, invite(sqlite_store, AGENT, ADMIN, START).code, password, START, RULES) == AGENT


def test_links_that_are_none_are_refused_alike(store: Store):
    add_accounts(store, AGENT)
    link, gone = invite(store, HANDLER, ADMIN, START), invite(store, "sue", ADMIN, START)
    disable(store, "sue", ADMIN, START)
    other = link.code[:-1] + ("0" if link.code[-1] != "0" else "1")
    for code in ("", "x", other, f"{'a' * 12}-{'0' * 64}", gone.code, "\0" * 77):
        refused = refusal(lambda code=code: accept(store, code, PASSWORD, START, RULES))
        assert (refused.code, refused.params) == ("invitation_invalid", {})


def test_a_link_moved_to_another_actor_is_no_link(store: Store):
    add_accounts(store, AGENT)
    code = invite(store, AGENT, ADMIN, START).code
    with store.writing() as tx:
        tx.run("UPDATE invitation SET actor_id = (SELECT id FROM actor WHERE handle = 'root') WHERE used_at IS NULL")
    assert refusal(lambda: accept(store, code, PASSWORD, START, RULES)).code == "invitation_invalid"


def test_only_an_administrator_invites_and_resets(store: Store):
    add_accounts(store, AGENT)
    for act in (invite, reset, add_account, disable_account):
        for by in (AGENT, HANDLER):
            assert refusal(lambda act=act, by=by: act(store, AGENT, by, START)).code == "not_in_charge"
    assert refusal(lambda: invite(store, "system", ADMIN, START)).code == "not_a_person"


def test_a_reset_forgets_the_password_at_once(store: Store):
    add_accounts(store, AGENT)
    invited = reset(store, AGENT, ADMIN, START)
    assert refusal(lambda: logged_in(store)).code == "log_in_refused"
    accept(store, invited.code, PASSWORD, START, RULES)
    assert logged_in(store).handle == AGENT


def test_a_link_is_accepted_once_by_two_at_the_same_time(store: Store):
    add_administrator(store)
    code = invite(store, AGENT, ADMIN, START).code
    answers = run_concurrently([lambda: accept(store, code, PASSWORD, START, RULES) for _ in range(4)])
    assert (
        sorted(map(str, (getattr(answer, "code", answer) for answer in answers)))
        == [AGENT] + ["invitation_invalid"] * 3
    )


def test_the_last_administrator_keeps_his_account(store: Store):
    add_administrator(store)
    assert refusal(lambda: disable_account(store, ADMIN, ADMIN, START)).code == "last_administrator"
    engage(store, NewActor("second", (Role.ADMINISTRATOR,)), ADMIN, START)
    add_account(store, "second", ADMIN, START)
    assert disable_account(store, ADMIN, ADMIN, START)


def test_accounts_are_listed_with_what_is_open(store: Store):
    add_accounts(store, AGENT)
    invite(store, HANDLER, ADMIN, START)
    logged_in(store)
    rows = {row.handle: row for row in accounts(store, START)}
    assert rows.keys() == {ADMIN, AGENT, HANDLER}
    assert (rows[AGENT].password, rows[AGENT].sessions, rows[AGENT].invited_until) == (True, 1, None)
    assert (rows[HANDLER].password, rows[HANDLER].invited_until) == (False, START + LASTS)
    assert rows[ADMIN].second_factor_needed
    assert not rows[ADMIN].second_factor


def test_the_store_holds_neither_link_nor_password(store: Store):
    add_administrator(store)
    invited = invite(store, AGENT, ADMIN, START)
    accept(store, invited.code, PASSWORD, START, RULES)
    with store.looking() as tx:
        tables = ("invitation", "account", "actor_change", "journal")
        rows = repr([tx.rows(f"SELECT * FROM {table}") for table in tables])
    assert invited.code.partition("-")[2] not in rows
    assert PASSWORD not in rows
