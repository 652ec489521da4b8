"""The second factor: required for those who decide, good once, and replaced by recovery codes."""

from datetime import timedelta

import pytest
from pyotp.totp import TOTP

from engine.accounts.attempt_limits import RateLimited
from engine.accounts.invitations import accept, reset
from engine.accounts.log_in import LogIn, begin_second_factor, confirm_second_factor, give_second_factor, log_in
from engine.accounts.oidc_links import Identity, link, log_in_by_identity
from engine.accounts.second_factor import needs_second_factor
from engine.accounts.sessions import Visitor, principal_of_session
from engine.store import Store
from statemachines.roles import Role
from tests.case_actions import AGENT, AUDITOR, DIRECTOR, HANDLER, HOUR, MANAGER, START, SUPERVISOR, refusal
from tests.engine.accounts.people_with_accounts import (
    ADMIN,
    HALF_MINUTE,
    PASSWORD,
    RULES,
    add_accounts,
    enrolled,
    logged_in,
)

pytestmark = pytest.mark.requirement("H4")


@pytest.mark.parametrize("handle", [SUPERVISOR, MANAGER, DIRECTOR, AUDITOR, ADMIN])
def test_who_decides_or_unmasks_does_nothing_without_a_second_factor(sqlite_store: Store, handle: str):
    add_accounts(sqlite_store, *{handle} - {ADMIN})
    session = logged_in(sqlite_store, handle)
    refused = refusal(lambda: principal_of_session(sqlite_store, session.cookie, START))
    assert refused.code == "second_factor_required"
    _, _, session = enrolled(sqlite_store, handle)
    assert principal_of_session(sqlite_store, session.cookie, START).actor.handle == handle


def test_the_roles_that_need_none_are_those_that_neither_decide_nor_unmask():
    assert {role for role in Role if not needs_second_factor(frozenset({role}))} == {
        *(Role.SYSTEM, Role.IMPORT, Role.CUSTOMER, Role.AGENT, Role.SALESPERSON, Role.KEY_ACCOUNT_MANAGER),
        *(Role.HANDLER, Role.MARKET, Role.OPERATIONS, Role.THIRD_PARTY_ASSESSOR),
    }
    assert needs_second_factor(frozenset({Role.AGENT, Role.AUDITOR}))


def test_a_confirmed_second_factor_takes_the_sessions_place(store: Store):
    """A privilege is gained, so the session is a new one: a cookie that was known before is worth nothing."""
    add_accounts(store, SUPERVISOR)
    before, other = logged_in(store, SUPERVISOR), logged_in(store, SUPERVISOR)
    _, _, after = enrolled(store, SUPERVISOR)
    for cookie in (before.cookie, other.cookie):
        assert refusal(lambda cookie=cookie: principal_of_session(store, cookie, START)).code == "session_ended"
    assert after.second_factor


def test_who_may_also_has_to_give_the_code_once_he_enrolled(store: Store):
    add_accounts(store, AGENT)
    app, _, _ = enrolled(store, AGENT)
    at = START + HOUR
    assert refusal(lambda: logged_in(store, AGENT, at)).code == "log_in_refused"
    session = logged_in(store, AGENT, at, code=app.at(at))
    assert session.second_factor
    assert principal_of_session(store, session.cookie, at).actor.handle == AGENT


def test_a_code_is_good_once(store: Store):
    add_accounts(store, AGENT)
    app, _, _ = enrolled(store, AGENT)
    assert refusal(lambda: logged_in(store, AGENT, START, code=app.at(START))).code == "log_in_refused"
    at = START + HOUR
    logged_in(store, AGENT, at, code=app.at(at))
    for later in (at, at + HALF_MINUTE):
        assert refusal(lambda later=later: logged_in(store, AGENT, later, code=app.at(at))).code == "log_in_refused"


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_good_for_its_half_minute_and_the_ones_beside_it(sqlite_store: Store, steps: int, good: bool):
    add_accounts(sqlite_store, AGENT)
    app, _, _ = enrolled(sqlite_store, AGENT)
    at = START + HOUR
    attempt = LogIn(AGENT, PASSWORD, app.at(at + steps * HALF_MINUTE))
    if good:
        assert log_in(sqlite_store, attempt, at, RULES).second_factor
    else:
        assert refusal(lambda: log_in(sqlite_store, attempt, at, RULES)).code == "log_in_refused"


def test_a_code_that_was_passed_over_is_good_no_more(sqlite_store: Store):
    add_accounts(sqlite_store, AGENT)
    app, _, _ = enrolled(sqlite_store, AGENT)
    at = START + HOUR
    logged_in(sqlite_store, AGENT, at, code=app.at(at + HALF_MINUTE))
    assert refusal(lambda: logged_in(sqlite_store, AGENT, at, code=app.at(at))).code == "log_in_refused"


def test_each_recovery_code_is_good_once_however_it_is_typed(store: Store):
    add_accounts(store, AGENT)
    _, codes, _ = enrolled(store, AGENT)
    assert len(set(codes)) == 10
    first, second, *_ = codes
    logged_in(store, code=first)
    assert refusal(lambda: logged_in(store, code=first)).code == "log_in_refused"
    logged_in(store, code=f" {second.upper().replace('-', ' ')} ")
    with store.looking() as tx:
        kept = tx.row("SELECT recovery FROM account ORDER BY actor_id LIMIT 1").recovery
        subjects = [row.subject for row in tx.rows("SELECT subject FROM journal ORDER BY seq DESC LIMIT 2")]
    assert len(kept.split()) == 8
    assert subjects == ["account", "account"]


def test_the_store_holds_neither_the_shared_secret_nor_a_recovery_code(store: Store):
    add_accounts(store, AGENT)
    app, codes, _ = enrolled(store, AGENT)
    with store.looking() as tx:
        rows = repr(tx.rows("SELECT * FROM account")) + repr(tx.rows("SELECT * FROM actor_change"))
    assert app.secret not in rows
    assert not [code for code in codes if code in rows or code.replace("-", "") in rows]


def test_a_secret_that_was_not_confirmed_locks_nobody_out(store: Store):
    add_accounts(store, AGENT)
    session = logged_in(store)
    begin_second_factor(store, session.cookie, START, RULES)
    assert not logged_in(store).second_factor


def test_an_enrolment_is_confirmed_by_a_code_of_the_newest_secret(store: Store):
    add_accounts(store, AGENT)
    cookie = logged_in(store).cookie
    assert refusal(lambda: confirm_second_factor(store, cookie, "123456", START, RULES)).code == "totp_not_begun"
    older = TOTP(begin_second_factor(store, cookie, START, RULES).secret)
    newest = TOTP(begin_second_factor(store, cookie, START, RULES).secret)
    refused = refusal(lambda: confirm_second_factor(store, cookie, older.at(START), START, RULES))
    assert refused.code == "totp_wrong"
    _, session = confirm_second_factor(store, cookie, newest.at(START), START, RULES)
    for work in (
        lambda: begin_second_factor(store, session.cookie, START, RULES),
        lambda: confirm_second_factor(store, session.cookie, newest.at(START), START, RULES),
    ):
        assert refusal(work).code == "totp_there"


def test_codes_cannot_be_guessed_from_a_session_that_lacks_one(sqlite_store: Store):
    add_accounts(sqlite_store, AGENT)
    app, _, _ = enrolled(sqlite_store, AGENT)
    identity = Identity("https://id.example.com", "amy")
    link(sqlite_store, AGENT, identity, ADMIN, START)
    at = START + HOUR
    cookie = log_in_by_identity(sqlite_store, identity, Visitor(), at, RULES).cookie
    right = app.at(at)
    for number in range(10):
        guess = f"{(int(right) + number + 1) % 10**6:06}"
        assert (
            refusal(lambda guess=guess: give_second_factor(sqlite_store, cookie, guess, at, RULES)).code == "totp_wrong"
        )
    with pytest.raises(RateLimited):
        give_second_factor(sqlite_store, cookie, right, at, RULES)
    assert refusal(lambda: principal_of_session(sqlite_store, cookie, at)).code == "second_factor_required"
    later = at + timedelta(minutes=15)
    session = give_second_factor(sqlite_store, cookie, app.at(later), later, RULES)
    assert principal_of_session(sqlite_store, session.cookie, later).actor.handle == AGENT
    assert refusal(lambda: principal_of_session(sqlite_store, cookie, later)).code == "session_ended"


def test_a_lost_second_factor_is_reset_by_an_administrator(store: Store):
    add_accounts(store, HANDLER)
    _, codes, session = enrolled(store, HANDLER)
    invited = reset(store, HANDLER, ADMIN, START)
    assert refusal(lambda: principal_of_session(store, session.cookie, START)).code == "session_ended"
    assert refusal(lambda: logged_in(store, HANDLER, code=codes[0])).code == "log_in_refused"
    accept(store, invited.code, PASSWORD, START, RULES)
    assert not logged_in(store, HANDLER).second_factor
