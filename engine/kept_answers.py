"""Answers to requests under an idempotency key that no case keeps: the same request again gets the same answer.

A move's key is kept with the case that it moved. What an administrator does to a webhook, an account or a text moves no
case; its answer is kept here, for a week, under an HMAC of who sent the key and what he did. It holds no secret and
nothing personal.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.access.principal import Principal
from engine.entry_checks import check_key
from engine.ledger.chain import canonical, keyed
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.refused import Refused

KEPT = timedelta(days=7)
"""How long an answer is kept: a caller repeats within minutes."""

FORGET = "DELETE FROM kept_answer WHERE at <= :before"
CLAIM = """
INSERT INTO kept_answer (key, request_hash, answer, at) VALUES (:key, :request_hash, :answer, :at)
ON CONFLICT (key) DO NOTHING
"""
ANSWER = "UPDATE kept_answer SET answer = :answer WHERE key = :key"
FIND = "SELECT request_hash, answer FROM kept_answer WHERE key = :key AND at > :before"

Answer = dict[str, Any]
"""What JSON can hold."""


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request under an idempotency key: ``key`` stands for its sender, his key and the act, ``content`` for the rest.

    ``own_key`` is what the caller sent, which a refusal names.
    """

    key: str
    content: str
    own_key: str


def keyed_request(store: Store, principal: Principal, key: str | None, act: str, **content: Any) -> KeyedRequest | None:
    """Return the request, or None without a key.

    ``act`` names what is done, and to what: one key may serve different acts. Raises ``Refused('bad_key')``.
    """
    check_key(key)
    if key is None:
        return None
    own = keyed(store.secret, "kept answer", str(principal.actor.id), key, act)
    return KeyedRequest(own, keyed(store.secret, "kept request", canonical(content)), key)


def answered_once(tx: Tx, request: KeyedRequest | None, at: datetime, act: Callable[[], Answer]) -> Answer:
    """Act and keep the answer in the same transaction, or return the answer that was kept of the same request.

    Whoever sends the same request at the same time waits here until the first one is committed. What ``act`` raises
    keeps nothing. Raises ``Refused('key_reused')`` for other content under the same key.
    """
    if request is None:
        return act()
    tx.run(FORGET, before=to_micros(at - KEPT))
    if tx.run(CLAIM, key=request.key, request_hash=request.content, answer="", at=to_micros(at)) != 1:
        known = kept_answer(tx, request, at)
        assert known is not None, "who claimed the key has answered in the same transaction"
        return known
    answer = act()
    tx.run(ANSWER, key=request.key, answer=json.dumps(answer))
    return answer


def kept_answer(tx: Tx, request: KeyedRequest | None, at: datetime) -> Answer | None:
    """Return the answer that was kept of a request, None if there is none. Raises ``Refused('key_reused')``."""
    if request is None:
        return None
    row = tx.row(FIND, key=request.key, before=to_micros(at - KEPT))
    if row is None:
        return None
    if row.request_hash != request.content:
        raise Refused("key_reused", key=request.own_key)
    return json.loads(row.answer)


def keep_answer(store: Store, request: KeyedRequest | None, at: datetime, answer: Answer) -> Answer:
    """Keep the answer of what was done outside a transaction, or in several; return the one that is kept.

    What was interrupted before it is done again, so it must bear to be repeated.
    """
    if request is None:
        return answer
    with store.writing() as tx:
        return answered_once(tx, request, at, lambda: answer)
