"""An API token lets in the actor for whom it was made, until it expires, is revoked, or he has left."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from engine.access.principal import PrincipalKind, Scope
from engine.accounts.attempt_limits import RateLimited
from engine.accounts.request_allowances import RequestAllowances
from engine.accounts.tokens import (
    NewToken,
    create_token,
    principal_of_token,
    revoke_token,
    scopes_of,
    tokens,
)
from engine.actors import NewActor
from engine.commands.leaving import disable, enable
from engine.commands.staffing import engage
from engine.store import Store
from statemachines.refused import Refused
from statemachines.roles import Role
from tests.case_actions import AGENT, DAY, HANDLER, HOUR, MICROSECOND, START, refusal

pytestmark = pytest.mark.requirement("H4")

ADMIN = "root"
MINUTE = timedelta(minutes=1)


def administrator(store: Store) -> None:
    engage(store, NewActor(ADMIN, (Role.ADMINISTRATOR,)), "", START)


def token_of(store: Store, **more: Any) -> str:
    return create_token(store, NewToken(AGENT, **more), AGENT, START).token


def test_a_token_lets_its_actor_in_with_its_scopes(store: Store):
    token = token_of(store, scopes=frozenset({Scope.READ_CASES}))
    principal = principal_of_token(store, token, START, "192.0.2.1")
    assert (principal.actor.handle, principal.kind, principal.via) == (AGENT, PrincipalKind.TOKEN, "api")
    assert principal.holds(Scope.READ_CASES)
    assert not principal.holds(Scope.WRITE_CASES)


def test_a_token_without_scopes_may_do_what_its_actor_may(store: Store):
    principal = principal_of_token(store, token_of(store), START)
    assert principal.scopes is None
    assert principal.actor.roles == {Role.AGENT}


def test_the_store_holds_no_token(store: Store):
    made = create_token(store, NewToken(AGENT), AGENT, START)
    secret = made.token.rpartition("_")[2]
    with store.looking() as tx:
        assert secret not in repr(tx.rows("SELECT * FROM api_token"))
        assert secret not in repr(tx.rows("SELECT * FROM actor_change"))


def test_a_token_ends_at_its_instant(store: Store):
    token = token_of(store, until=START + DAY)
    principal_of_token(store, token, START + DAY - MICROSECOND)
    assert refusal(lambda: principal_of_token(store, token, START + DAY)).code == "token_invalid"


def test_a_token_lasts_ninety_days_and_never_longer_than_a_year(store: Store):
    assert create_token(store, NewToken(AGENT), AGENT, START).until == START + timedelta(days=90)
    for until in (START, START + timedelta(days=366) + MICROSECOND):
        assert refusal(lambda until=until: token_of(store, until=until)).code == "bad_expiry"


def test_what_is_wrong_with_a_token_is_not_told(store: Store):
    administrator(store)
    good = create_token(store, NewToken(HANDLER), ADMIN, START)
    revoked, expired = create_token(store, NewToken(AGENT), ADMIN, START), token_of(store, until=START + HOUR)
    revoke_token(store, revoked.id, ADMIN, START)
    disable(store, HANDLER, ADMIN, START)
    unknown = f"clt_{'a' * 12}_{'0' * 64}"
    other_secret = revoked.token[:-1] + ("0" if revoked.token[-1] != "0" else "1")
    refusals = {
        (refused.code, tuple(refused.params))
        for token in (good.token, revoked.token, expired, unknown, other_secret, "", "clt_", "x" * 10_000, "令牌\0")
        for refused in [refusal(lambda token=token: principal_of_token(store, token, START + HOUR))]
    }
    assert refusals == {("token_invalid", ())}


def test_a_token_of_somebody_who_comes_back_is_good_again(store: Store):
    administrator(store)
    token = create_token(store, NewToken(HANDLER), ADMIN, START).token
    disable(store, HANDLER, ADMIN, START)
    enable(store, HANDLER, ADMIN, START + HOUR)
    assert principal_of_token(store, token, START + HOUR).actor.handle == HANDLER


def test_a_digest_moved_to_the_row_of_another_actor_lets_nobody_in(store: Store):
    token = token_of(store)
    with store.writing() as tx:
        tx.run("UPDATE api_token SET actor_id = (SELECT id FROM actor WHERE handle = :handle)", handle=HANDLER)
    assert refusal(lambda: principal_of_token(store, token, START)).code == "token_invalid"


def test_only_himself_and_an_administrator_make_and_revoke_a_token(store: Store):
    administrator(store)
    for by in (AGENT, ADMIN):
        made = create_token(store, NewToken(AGENT), by, START)
        assert refusal(lambda made=made: revoke_token(store, made.id, HANDLER, START)).code == "not_in_charge"
        assert revoke_token(store, made.id, by, START)
        assert not revoke_token(store, made.id, by, START)
    assert refusal(lambda: create_token(store, NewToken(AGENT), HANDLER, START)).code == "not_in_charge"


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (NewToken("nobody"), "unknown_actor"),
        (NewToken("system"), "not_a_person"),
        (NewToken(AGENT, label="a\nb"), "bad_label"),
        (NewToken(AGENT, label="x" * 101), "bad_label"),
        (NewToken(AGENT, rate="often"), "bad_rate"),
        (NewToken(AGENT, rate="0 per minute"), "bad_rate"),
        (NewToken(AGENT, rate="5 per 2 year"), "bad_rate"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_token_that_cannot_be_made_is_refused(sqlite_store: Store, new: NewToken, code: str):
    assert refusal(lambda: create_token(sqlite_store, new, new.handle, START)).code == code


def test_an_unknown_token_cannot_be_revoked(sqlite_store: Store):
    for token_id in ("a" * 12, "", "\0"):
        assert (
            refusal(lambda token_id=token_id: revoke_token(sqlite_store, token_id, AGENT, START)).code
            == "unknown_token"
        )


def test_an_unknown_scope_is_refused():
    with pytest.raises(Refused) as refused:
        scopes_of(["cases:read", "everything"])
    assert refused.value.params["scope"] == "everything"


def test_the_last_use_is_written_at_most_once_a_minute(store: Store):
    token = token_of(store)
    uses: list[Any] = []
    for seconds in (0, 59, 60, 61):
        principal_of_token(store, token, START + timedelta(seconds=seconds), f"192.0.2.{seconds}")
        with store.looking() as tx:
            uses.append((tokens(tx)[0].used_at, tokens(tx)[0].used_from))
    first, second = (START, "192.0.2.0"), (START + MINUTE, "192.0.2.60")
    assert uses == [first, first, second, second]


def test_a_token_is_used_as_often_as_its_rate_allows(store: Store):
    token, other = token_of(store, rate="3 per 1 minute"), token_of(store)
    for _ in range(3):
        principal_of_token(store, token, START)
    with pytest.raises(RateLimited) as limited:
        principal_of_token(store, token, START + timedelta(seconds=20))
    assert limited.value.retry_after == 40
    principal_of_token(store, other, START)
    principal_of_token(store, token, START + MINUTE)


def let_through(store: Store, token: str, workers: list[RequestAllowances], requests: int, at: Any = START) -> int:
    count = 0
    for number in range(requests):
        try:
            principal_of_token(store, token, at, allowances=workers[number % len(workers)])
        except RateLimited:
            continue
        count += 1
    return count


@pytest.mark.parametrize("workers", [1, 3])
def test_several_workers_share_one_limit(store: Store, workers: int):
    token = token_of(store, rate="60 per 1 minute")
    processes = [RequestAllowances() for _ in range(workers)]
    assert let_through(store, token, processes, 200) == 60
    assert let_through(store, token, processes, 200, START + MINUTE) == 60


def test_a_share_is_good_until_its_window_ends_and_not_longer(store: Store):
    token = token_of(store, rate="40 per 1 minute")
    first, second = RequestAllowances(), RequestAllowances()
    assert let_through(store, token, [first], 1) == 1
    late = START + timedelta(seconds=59)
    assert let_through(store, token, [second], 1, late) == 1
    assert let_through(store, token, [first, second], 100, START + MINUTE) == 40


def test_a_process_writes_once_for_each_share(sqlite_store: Store):
    token, allowances = token_of(sqlite_store, rate="600 per 1 minute"), RequestAllowances()
    assert let_through(sqlite_store, token, [allowances], 60) == 60
    with sqlite_store.looking() as tx:
        assert [row.hits for row in tx.rows("SELECT hits FROM attempt_window")] == [60]


@pytest.mark.parametrize(("rate", "let"), [("600 per 1 minute", 40), ("20 per 1 minute", 20)])
def test_requests_that_come_at_once_spend_one_share_after_the_other(store: Store, rate: str, let: int):
    requests = 40
    token, allowances, start = token_of(store, rate=rate), RequestAllowances(), Barrier(requests)

    def send(_number: int) -> int:
        start.wait()
        return let_through(store, token, [allowances], 1)

    with ThreadPoolExecutor(requests) as threads:
        assert sum(threads.map(send, range(requests))) == let


def test_the_journals_name_who_made_and_revoked_a_token(store: Store):
    administrator(store)
    made = create_token(store, NewToken(AGENT, label="website"), ADMIN, START)
    revoke_token(store, made.id, AGENT, START + HOUR)
    with store.looking() as tx:
        entries = tx.rows("SELECT made_by, at FROM journal WHERE subject = 'api_token' ORDER BY seq")
        changes = tx.rows("SELECT field, after FROM actor_change WHERE field <> 'handle' ORDER BY id")
    assert [entry.made_by for entry in entries] == [ADMIN, AGENT]
    assert [tuple(change) for change in changes] == [
        ("token_made", f"{made.id} website"),
        ("token_revoked", f"{made.id} website"),
    ]
