"""Somebody logs in with handle and password; what was wrong is not told, and nobody tries for ever."""

from datetime import timedelta

import pytest

from engine.accounts.accounts import disable_account, enable_account
from engine.accounts.attempt_limits import RateLimited
from engine.accounts.invitations import reset
from engine.accounts.log_in import LogIn, LogInRules, change_password, log_in, network_of
from engine.accounts.passwords import MOST, Passwords
from engine.accounts.sessions import principal_of_session, sessions
from engine.commands.leaving import disable
from engine.store import Store
from statemachines.refused import Refused
from tests.case_actions import AGENT, HANDLER, HOUR, START, refusal
from tests.engine.accounts.people_with_accounts import (
    ADMIN,
    COUNTED,
    OTHER_PASSWORD,
    PASSWORD,
    RULES,
    CountedHash,
    add_accounts,
    enrolled,
    logged_in,
)

pytestmark = pytest.mark.requirement("H4")

QUARTER = timedelta(minutes=15)


def test_a_password_opens_a_session_of_its_actor(store: Store):
    add_accounts(store, AGENT)
    session = logged_in(store)
    assert principal_of_session(store, session.cookie, START).actor.handle == AGENT


def test_each_log_in_has_a_session_of_its_own(store: Store):
    """Nobody can prepare a cookie that somebody else's log-in then makes worth something (session fixation)."""
    add_accounts(store, AGENT)
    first, second = logged_in(store), logged_in(store)
    assert len({first.id, second.id, first.cookie, second.cookie, first.csrf, second.csrf}) == 6


def test_what_was_wrong_is_not_told_and_costs_the_same(store: Store):
    add_accounts(store, AGENT, HANDLER, "sue", "mei")
    app, _, _ = enrolled(store, "mei")
    disable_account(store, HANDLER, ADMIN, START)
    disable(store, "sue", ADMIN, START)
    reset(store, AGENT, ADMIN, START)
    attempts = {
        "no such handle": LogIn("nobody", PASSWORD),
        "a handle that cannot be": LogIn("\0" * 300, PASSWORD),
        "no account": LogIn("gao", PASSWORD),
        "no password": LogIn(AGENT, PASSWORD),
        "wrong password": LogIn("mei", OTHER_PASSWORD, app.at(START + HOUR)),
        "wrong code": LogIn("mei", PASSWORD, "000000" if app.at(START + HOUR) != "000000" else "000001"),
        "no code": LogIn("mei", PASSWORD),
        "account disabled": LogIn(HANDLER, PASSWORD),
        "actor disabled": LogIn("sue", PASSWORD),
        "the system": LogIn("system", PASSWORD),
        "a very long password": LogIn("mei", PASSWORD * 100_000),
        "half a character": LogIn("mei", "\ud800" * 20),
    }
    answers: dict[str, tuple[str, str, int]] = {}
    for name, attempt in attempts.items():
        before = COUNTED.compared
        refused = refusal(lambda attempt=attempt: log_in(store, attempt, START + HOUR, RULES))
        answers[name] = (refused.code, repr(refused.params), COUNTED.compared - before)
    assert set(answers.values()) == {("log_in_refused", "{}", 1)}, answers


def tries(store: Store, attempts: int, attempt: LogIn, minute: int = 0) -> tuple[int, int]:
    """Return how many of the attempts were compared with a hash, and how many were refused unread."""
    compared, limited = COUNTED.compared, 0
    for _ in range(attempts):
        try:
            log_in(store, attempt, START + timedelta(minutes=minute), RULES)
        except RateLimited:
            limited += 1
        except Refused:
            continue
    return COUNTED.compared - compared, limited


@pytest.mark.parametrize("handle", [AGENT, "nobody"], ids=["an account", "no account"])
def test_ten_tries_for_one_handle_and_then_none_for_a_while(store: Store, handle: str):
    add_accounts(store, AGENT)
    assert tries(store, 15, LogIn(handle, OTHER_PASSWORD)) == (10, 5)
    assert tries(store, 5, LogIn(handle, PASSWORD), minute=14) == (0, 5)
    with pytest.raises(RateLimited) as limited:
        log_in(store, LogIn(handle, PASSWORD), START + timedelta(minutes=14), RULES)
    assert limited.value.retry_after == 60
    assert tries(store, 1, LogIn(handle, PASSWORD), minute=15) == (1, 0)


def test_an_address_is_limited_over_all_handles(sqlite_store: Store):
    add_accounts(sqlite_store, AGENT)
    compared = limited = 0
    for number in range(150):
        one, two = tries(sqlite_store, 1, LogIn(f"nobody{number}", PASSWORD, address="192.0.2.1"))
        compared, limited = compared + one, limited + two
    assert (compared, limited) == (100, 50)
    assert logged_in(sqlite_store, address="192.0.2.2").handle == AGENT


@pytest.mark.parametrize("number_of_tries", [1_000, pytest.param(10_000, marks=pytest.mark.long)])
def test_thousands_of_tries_reach_the_hash_ten_times_a_quarter_of_an_hour(sqlite_store: Store, number_of_tries: int):
    """From as many addresses, over an hour."""
    add_accounts(sqlite_store, AGENT)
    compared = 0
    for number in range(number_of_tries):
        attempt = LogIn(AGENT, f"guess {number}", address=f"198.{number % 200}.{number // 200}.1")
        compared += tries(sqlite_store, 1, attempt, minute=number * 60 // number_of_tries)[0]
    assert compared == 40
    with sqlite_store.looking() as tx:
        assert tx.row("SELECT count(*) AS n FROM attempt_window").n <= number_of_tries // 2, (
            "windows that are over are removed"
        )


def test_who_logs_in_is_not_counted_against_himself(store: Store):
    add_accounts(store, AGENT)
    for _ in range(3):
        assert tries(store, 9, LogIn(AGENT, OTHER_PASSWORD)) == (9, 0)
        logged_in(store)


def test_the_store_keeps_no_address_and_no_handle_of_a_try(store: Store):
    tries(store, 1, LogIn("wang-typed-his-password", PASSWORD, address="192.0.2.77"))
    with store.looking() as tx:
        rows = repr(tx.rows("SELECT * FROM attempt_window"))
    assert "wang" not in rows
    assert "192.0.2.77" not in rows


def test_tries_from_one_site_are_counted_together():
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert network_of("2001:db8:1:3::9") != network_of("2001:db8:1:2::9")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1")
    assert network_of("a proxy") == "a proxy"


def test_a_changed_password_ends_all_other_sessions(store: Store):
    add_accounts(store, AGENT)
    here, there = logged_in(store), logged_in(store)
    new = change_password(store, here.cookie, PASSWORD, OTHER_PASSWORD, START, RULES)
    for cookie in (here.cookie, there.cookie):
        assert refusal(lambda cookie=cookie: principal_of_session(store, cookie, START)).code == "session_ended"
    assert principal_of_session(store, new.cookie, START).actor.handle == AGENT
    assert refusal(lambda: logged_in(store)).code == "log_in_refused"
    assert log_in(store, LogIn(AGENT, OTHER_PASSWORD), START, RULES).handle == AGENT


def test_a_password_is_changed_only_with_the_old_one_and_for_a_better_one(store: Store):
    add_accounts(store, AGENT)
    cookie = logged_in(store).cookie
    for old, new, code in (
        (OTHER_PASSWORD, OTHER_PASSWORD, "log_in_refused"),
        (PASSWORD, "short", "password_short"),
        (PASSWORD, "x" * (MOST + 1), "password_long"),
        (PASSWORD, "password1234", "password_guessable"),
    ):
        refused = refusal(lambda old=old, new=new: change_password(store, cookie, old, new, START, RULES))
        assert refused.code == code
    assert principal_of_session(store, cookie, START).actor.handle == AGENT


def test_the_old_password_cannot_be_guessed_from_a_stolen_session(sqlite_store: Store):
    add_accounts(sqlite_store, AGENT)
    cookie = logged_in(sqlite_store).cookie
    for _ in range(10):
        refusal(lambda: change_password(sqlite_store, cookie, "a guess of it", OTHER_PASSWORD, START, RULES))
    with pytest.raises(RateLimited):
        change_password(sqlite_store, cookie, PASSWORD, OTHER_PASSWORD, START, RULES)


def test_a_hash_of_older_parameters_is_renewed_at_log_in(sqlite_store: Store):
    add_accounts(sqlite_store, AGENT)
    with sqlite_store.looking() as tx:
        before = tx.rows("SELECT actor_id, password FROM account ORDER BY actor_id")
    stronger = LogInRules(passwords=Passwords(CountedHash(memory_cost=16)))
    log_in(sqlite_store, LogIn(AGENT, PASSWORD), START, stronger)
    with sqlite_store.looking() as tx:
        after = tx.rows("SELECT actor_id, password FROM account ORDER BY actor_id")
    changed = [new.password for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1
    assert "m=16," in changed[0]
    log_in(sqlite_store, LogIn(AGENT, PASSWORD), START, stronger)


def test_an_enabled_account_logs_in_again_and_its_old_sessions_do_not(store: Store):
    add_accounts(store, AGENT)
    old = logged_in(store)
    assert disable_account(store, AGENT, ADMIN, START)
    assert not disable_account(store, AGENT, ADMIN, START)
    assert enable_account(store, AGENT, ADMIN, START)
    assert refusal(lambda: principal_of_session(store, old.cookie, START)).code == "session_ended"
    logged_in(store)
    with store.looking() as tx:
        assert [row.handle for row in sessions(tx, START)] == [AGENT]
