"""Failed log-ins are listed for auditors and administrators: who, from where, when, and nothing that was typed."""

import pytest

from engine.accounts import failed_log_ins as failures
from engine.accounts.failed_log_ins import FailedLogIn, failed_log_ins
from engine.accounts.log_in import LogIn, log_in
from engine.accounts.oidc_links import METHOD, Identity, log_in_by_identity
from engine.accounts.sessions import Visitor
from engine.actors import NewActor, add_actor
from engine.store import Store
from statemachines.roles import Role
from tests.case_actions import AGENT, HANDLER, HOUR, START, SUPERVISOR, query_rows, refusal
from tests.engine.accounts.people_with_accounts import ADMIN, PASSWORD, RULES, add_accounts, enrolled, logged_in

pytestmark = pytest.mark.requirement("H4")

ADDRESS = "198.51.100.7"


@pytest.fixture
def staffed(store: Store) -> Store:
    add_accounts(store, AGENT, SUPERVISOR)
    with store.writing() as tx:
        add_actor(tx, NewActor("ann", (Role.AUDITOR,)))
    return store


def fail(store: Store, handle: str, password: str = "a wrong password", at=START, **more: str) -> str:  # noqa: S107
    return refusal(lambda: log_in(store, LogIn(handle, password, address=ADDRESS, **more), at, RULES)).code


def test_who_failed_from_where_and_when_is_listed_newest_first(staffed: Store):
    assert fail(staffed, AGENT) == "log_in_refused"
    assert fail(staffed, "nobody", at=START + HOUR) == "log_in_refused"
    listed = failed_log_ins(staffed, "ann", START + HOUR, 50)
    assert listed == [
        FailedLogIn(START + HOUR, None, "password", ADDRESS),
        FailedLogIn(START, AGENT, "password", ADDRESS),
    ]
    assert failed_log_ins(staffed, ADMIN, START + HOUR, 50, handle=AGENT) == listed[1:]
    assert failed_log_ins(staffed, ADMIN, START + HOUR, 50, since=START + HOUR) == listed[:1]
    assert failed_log_ins(staffed, ADMIN, START + HOUR, 1) == listed[:1]


def test_a_wrong_second_factor_and_an_unknown_identity_are_failures_too(staffed: Store):
    enrolled(staffed, SUPERVISOR)
    assert fail(staffed, SUPERVISOR, PASSWORD, code="000000") == "log_in_refused"
    visitor = Visitor(ADDRESS, "a browser", METHOD)
    identity = Identity("https://id.example.com", "a stranger")
    assert refusal(lambda: log_in_by_identity(staffed, identity, visitor, START, RULES)).code == "oidc_unknown"
    found = [(each.handle, each.method) for each in failed_log_ins(staffed, ADMIN, START, 50)]
    assert found == [(None, "oidc"), (SUPERVISOR, "password")]


def test_what_was_typed_is_not_kept(staffed: Store):
    typed_as_handle = "my secret 4711"
    fail(staffed, typed_as_handle)
    fail(staffed, AGENT, "another secret 4712")
    kept = repr(query_rows(staffed, "SELECT * FROM failed_log_in"))
    assert "secret" not in kept


def test_a_log_in_that_succeeds_and_a_try_beyond_the_limit_leave_no_row(staffed: Store):
    logged_in(staffed)
    codes = [fail(staffed, AGENT) for _ in range(11)]
    assert codes == ["log_in_refused"] * 10 + ["rate_limited"]
    assert len(failed_log_ins(staffed, ADMIN, START, 50)) == 10


def test_the_list_is_bounded(staffed: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(failures, "MOST", 3)
    for minute in range(5):
        fail(staffed, "nobody", at=START + minute * HOUR)
    assert [each.at for each in failed_log_ins(staffed, ADMIN, START, 50)] == [START + n * HOUR for n in (4, 3, 2)]


@pytest.mark.parametrize("reader", [AGENT, HANDLER, SUPERVISOR])
def test_others_see_nothing_of_it(staffed: Store, reader: str):
    assert refusal(lambda: failed_log_ins(staffed, reader, START, 50)).code == "not_in_charge"
