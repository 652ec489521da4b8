"""A restored backup lets in nobody who has been shut out since."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from engine.accounts.access_codes import ProofGiven, make_access_code, use_access_code
from engine.accounts.tokens import NewToken, create_token, principal_of_token, revoke_token
from engine.audit.backup import back_up
from engine.audit.restore import Restored, restore
from engine.settings import Settings
from engine.store import Store
from tests.case_actions import AGENT, DAY, HANDLER, HOUR, START, case_of, execute_sql, new_case, query_rows, refusal
from tests.engine.attachments.evidence import principal_of
from tests.engine.audit.test_backup_and_restore import bring_key, elsewhere
from tests.erasures import ADMINISTRATOR, administrator_of

pytestmark = pytest.mark.requirement("H4")
__all__ = ["elsewhere"]
MINUTE = timedelta(minutes=1)
SESSION = """
INSERT INTO login_session (id, actor_id, digest, made_at, seen_at, until, change_id, method, address, agent)
SELECT 's', id, 'd', 5, 5, :until, 0, 'password', '', '' FROM actor WHERE handle = :handle
"""
LAST = "SELECT made_by FROM journal WHERE subject = 'api_token' ORDER BY seq DESC LIMIT 2"


@pytest.fixture
def token(store: Store) -> str:
    """A token of a store in which somebody is logged in, too."""
    new_case(store)
    execute_sql(store, SESSION, handle=AGENT, until=2**60)
    return create_token(store, NewToken(AGENT), AGENT, START).token


def restored(store: Store, elsewhere: Settings, file: Path, *, keep_tokens: bool = False) -> Restored:
    """Back the store up, revoke its tokens, and restore the backup elsewhere."""
    administrator_of(store)
    back_up(store, file, START + HOUR)
    for row in query_rows(store, "SELECT id FROM api_token"):
        revoke_token(store, row["id"], ADMINISTRATOR, START + 2 * HOUR)
    bring_key(store, elsewhere)
    return restore(elsewhere, file, START + DAY, keep_tokens=keep_tokens)


def test_a_token_that_was_revoked_after_the_backup_lets_nobody_in(
    store: Store, token: str, elsewhere: Settings, tmp_path: Path
):
    create_token(store, NewToken(HANDLER), HANDLER, START)
    result = restored(store, elsewhere, tmp_path / "b.backup")
    assert (result.revoked, result.verdict.ok) == (2, True)
    with closing(elsewhere.store()) as back:
        assert refusal(lambda: principal_of_token(back, token, START + DAY)).code == "token_invalid"
        assert query_rows(back, "SELECT id FROM login_session") == []
        assert {row["made_by"] for row in query_rows(back, LAST)} == {"restore"}


def test_tokens_can_be_kept_and_sessions_cannot(store: Store, token: str, elsewhere: Settings, tmp_path: Path):
    result = restored(store, elsewhere, tmp_path / "b.backup", keep_tokens=True)
    assert (result.revoked, result.verdict.ok) == (0, True)
    with closing(elsewhere.store()) as back:
        assert principal_of_token(back, token, START + DAY).actor.handle == AGENT
        assert query_rows(back, "SELECT id FROM login_session") == []


def test_a_code_that_a_customer_was_handed_opens_nothing_in_the_restored_store(
    store: Store, elsewhere: Settings, tmp_path: Path
):
    number = new_case(store, customer="王芳", phone="13800138000")
    who, proof = principal_of(store, AGENT), ProofGiven("王芳", phone="13800138000")
    made = make_access_code(store, who, number, proof, "She has no mail address.", START + HOUR - MINUTE)
    administrator_of(store)
    back_up(store, tmp_path / "b.backup", START + HOUR)
    bring_key(store, elsewhere)
    assert restore(elsewhere, tmp_path / "b.backup", START + HOUR + MINUTE).verdict.ok
    with closing(elsewhere.store()) as back:
        assert not use_access_code(back, case_of(back, number)["id"], made.code, START + HOUR + 2 * MINUTE)
    assert use_access_code(store, case_of(store, number)["id"], made.code, START + HOUR + 2 * MINUTE)
