"""A session ends when it must, is listed and revoked, and cannot be made by hand."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.access.principal import PrincipalKind
from engine.accounts.sessions import (
    SessionLimits,
    check_csrf,
    csrf_token,
    end_session,
    log_out,
    principal_of_session,
    sessions,
)
from engine.commands.leaving import disable, enable
from engine.commands.staffing import change_actor
from engine.store import Store
from statemachines.refused import Refused
from statemachines.roles import Role
from tests.case_actions import AGENT, HANDLER, HOUR, MICROSECOND, START, refusal
from tests.engine.accounts.people_with_accounts import ADMIN, add_accounts, logged_in

pytestmark = pytest.mark.requirement("H4")

LIMITS = SessionLimits(idle=timedelta(minutes=30), absolute=timedelta(hours=12))


def ended(store: Store, cookie: str, at=START) -> bool:
    try:
        principal_of_session(store, cookie, at, LIMITS)
    except Refused as refused:
        return refused.code == "session_ended"
    return False


def test_a_session_lets_a_person_in(store: Store):
    add_accounts(store, AGENT)
    principal = principal_of_session(store, logged_in(store).cookie, START, LIMITS, "console")
    assert (principal.actor.handle, principal.kind, principal.via, principal.scopes) == (
        AGENT,
        PrincipalKind.PERSON,
        "console",
        None,
    )


def test_an_idle_session_ends(store: Store):
    add_accounts(store, AGENT)
    cookie = logged_in(store).cookie
    assert not ended(store, cookie, START + LIMITS.idle - MICROSECOND)
    assert not ended(store, cookie, START + 2 * LIMITS.idle - 2 * MICROSECOND)
    assert ended(store, cookie, START + 3 * LIMITS.idle)


def test_a_session_in_use_ends_after_twelve_hours(store: Store):
    add_accounts(store, AGENT)
    cookie = logged_in(store).cookie
    for quarter in range(1, 48):
        assert not ended(store, cookie, START + timedelta(minutes=15 * quarter))
    assert not ended(store, cookie, START + LIMITS.absolute - MICROSECOND)
    assert ended(store, cookie, START + LIMITS.absolute)


ENDINGS: dict[str, Callable[[Store], object]] = {
    "disabled": lambda store: disable(store, AGENT, ADMIN, START),
    "disabled and enabled": lambda store: (disable(store, AGENT, ADMIN, START), enable(store, AGENT, ADMIN, START)),
    "other roles": lambda store: change_actor(store, AGENT, {"roles": (Role.AGENT, Role.HR)}, ADMIN, START),
    "fewer roles and back": lambda store: (
        change_actor(store, AGENT, {"roles": (Role.HANDLER,)}, ADMIN, START),
        change_actor(store, AGENT, {"roles": (Role.AGENT,)}, ADMIN, START),
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_session_ends_with_what_it_rested_on(store: Store, ending: str):
    add_accounts(store, AGENT, HANDLER)
    cookie, other = logged_in(store).cookie, logged_in(store, HANDLER).cookie
    ENDINGS[ending](store)
    assert ended(store, cookie)
    assert not ended(store, other)


def test_a_change_of_department_ends_no_session(store: Store):
    add_accounts(store, AGENT)
    cookie = logged_in(store).cookie
    change_actor(store, AGENT, {"department": "claims"}, ADMIN, START)
    assert principal_of_session(store, cookie, START).actor.department == "claims"


def test_a_session_is_listed_with_its_origin_and_ended_by_its_person_or_an_administrator(store: Store):
    add_accounts(store, AGENT, HANDLER)
    first = logged_in(store, address="192.0.2.7", agent="Firefox\x1b[31m")
    second = logged_in(store)
    with store.looking() as tx:
        rows = sessions(tx, START, AGENT)
        assert sessions(tx, START + timedelta(hours=12), AGENT) == []
    assert {row.id for row in rows} == {first.id, second.id}
    [shown] = [row for row in rows if row.id == first.id]
    assert shown.address == "192.0.2.7"
    assert "\x1b" not in shown.agent
    assert refusal(lambda: end_session(store, first.id, HANDLER)).code == "not_in_charge"
    end_session(store, first.id, AGENT)
    end_session(store, second.id, ADMIN)
    assert ended(store, first.cookie)
    assert ended(store, second.cookie)
    assert refusal(lambda: end_session(store, first.id, AGENT)).code == "unknown_session"


def test_who_logs_out_ends_his_session_and_no_other(store: Store):
    add_accounts(store, AGENT)
    first, second = logged_in(store), logged_in(store)
    log_out(store, f"{second.id}.{'0' * 64}")
    log_out(store, "nonsense")
    log_out(store, first.cookie)
    assert ended(store, first.cookie)
    assert not ended(store, second.cookie)


@pytest.mark.parametrize("cookie", ["", "x", f"{'a' * 12}.{'0' * 64}", "\0", "会话", "a" * 100_000], ids=range(6))
def test_what_is_no_session_lets_nobody_in(sqlite_store: Store, cookie: str):
    assert ended(sqlite_store, cookie)


TAMPERINGS = {
    "actor": "UPDATE login_session SET actor_id = (SELECT id FROM actor WHERE handle = 'root')",
    "longer": "UPDATE login_session SET until = until + 1",
    "second factor": "UPDATE login_session SET second_factor_at = made_at",
    "roles": "UPDATE login_session SET change_id = change_id + 1",
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_a_row_changed_by_hand_lets_nobody_in(store: Store, tampering: str):
    add_accounts(store, AGENT)
    cookie = logged_in(store).cookie
    with store.writing() as tx:
        assert tx.run(TAMPERINGS[tampering]) == 1
    assert ended(store, cookie)


def test_the_store_holds_neither_cookie_nor_token_against_forgery(store: Store):
    add_accounts(store, AGENT)
    session = logged_in(store)
    with store.looking() as tx:
        rows = repr(tx.rows("SELECT * FROM login_session"))
    assert session.cookie.partition(".")[2] not in rows
    assert session.csrf not in rows


def test_a_write_needs_the_token_of_its_own_session(sqlite_store: Store):
    add_accounts(sqlite_store, AGENT)
    session, other = logged_in(sqlite_store), logged_in(sqlite_store)
    check_csrf(sqlite_store.secret, session.cookie, session.csrf)
    assert session.csrf == csrf_token(sqlite_store.secret, session.cookie)
    for token in (None, "", other.csrf, "令牌", session.csrf.upper()):
        refused = refusal(lambda token=token: check_csrf(sqlite_store.secret, session.cookie, token))
        assert refused.code == "csrf_refused"


def test_that_a_session_is_in_use_is_written_at_most_once_a_minute(store: Store):
    add_accounts(store, AGENT)
    cookie, seen = logged_in(store).cookie, []
    for seconds in (1, 59, 60, 100):
        principal_of_session(store, cookie, START + timedelta(seconds=seconds), LIMITS)
        with store.looking() as tx:
            seen.append(sessions(tx, START)[0].seen_at - START)
    assert seen == [timedelta(0), timedelta(0), timedelta(minutes=1), timedelta(minutes=1)]


def test_sessions_that_are_over_are_removed_at_the_next_log_in(store: Store):
    add_accounts(store, AGENT)
    logged_in(store)
    logged_in(store, at=START + 12 * HOUR)
    with store.looking() as tx:
        assert tx.row("SELECT count(*) AS n FROM login_session").n == 1


def test_limits_are_given_by_whoever_recognises_the_session(sqlite_store: Store):
    add_accounts(sqlite_store, AGENT)
    cookie = logged_in(sqlite_store).cookie
    strict = replace(LIMITS, idle=timedelta(minutes=5))
    at = START + timedelta(minutes=6)
    assert refusal(lambda: principal_of_session(sqlite_store, cookie, at, strict)).code == "session_ended"
