"""A move through the API sends Postgres as few statements as it can, and opens no transaction around any of them."""

from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from apps.api.app import create_app
from apps.api.authentication import authenticate
from engine.accounts.tokens import NewToken, create_token
from engine.settings import Settings
from engine.store import Store
from tests.case_actions import form_for, new_case

pytestmark = [pytest.mark.requirement("H4"), pytest.mark.postgres]


def test_a_move_opens_no_transaction_around_a_single_statement(
    postgres_settings: Settings, postgres_store: Store, monkeypatch: pytest.MonkeyPatch
):
    """It reads the simulated clock, the token with its actor, the case in his scope, what the move needs, and the
    department and the category that the form names; then it writes."""
    first, second = new_case(postgres_store), new_case(postgres_store)
    token = create_token(postgres_store, NewToken("amy"), "amy", postgres_store.now()).token
    statements: list[str] = []
    execute = psycopg.Connection.execute

    def counted(raw: Any, query: Any, *args: Any, **options: Any) -> Any:
        statements.append(str(query))
        return execute(raw, query, *args, **options)

    with TestClient(create_app(postgres_settings, authenticate), headers={"Authorization": f"Bearer {token}"}) as api:
        assert api.post(f"/api/v1/cases/{first}/moves/classify", json=form_for("classify")).status_code == 200
        monkeypatch.setattr(psycopg.Connection, "execute", counted)
        moved = api.post(f"/api/v1/cases/{second}/moves/classify", json=form_for("classify"))
    assert moved.status_code == 200, moved.text
    read = [" ".join(sql.split()).partition(" ")[0] for sql in statements]
    assert read == [*["SELECT"] * 6, "WITH", "BEGIN;"], "one statement writes, and one notifies the listeners"
