"""Stories from outside to the case: what call centres and SMS gateways send, signed, and what is refused."""

import base64
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from engine.audit.verify import verify
from engine.commands.arrivals import Source
from engine.commands.phone_contacts import open_call, row_id_of
from engine.settings import Settings
from engine.store import Store
from gateways.inbound_messages import signature
from models.contact import Channel, Contact
from tests.apps.api.conftest import client
from tests.case_actions import AGENT, START, history_of, make_move, query_rows

pytestmark = pytest.mark.requirement("A1")

KEY = b"a key of thirty-two random bytes"
CHANNELS = f"""
[[channel]]
name = "sms"
secret_file = "sms.key"
mapping = "aliyun_sms"
channel = "sms"
per_minute = 30

[[channel]]
name = "wechat"
secret_file = "sms.key"
mapping = "neutral_message"
channel = "wechat"

[[channel]]
name = "hotline"
secret_file = "sms.key"
mapping = "neutral_call"
channel = "hotline"
acts_as = "sue"
agents = {{ "1001" = "{AGENT}" }}
"""
PHONE = "13812345678"


@pytest.fixture
def outside(settings: Settings, store: Store) -> Iterator[TestClient]:
    """A client outside, without any token."""
    home = settings.where
    (home / "channels.toml").write_text(CHANNELS)
    (home / "sms.key").write_text(f"whsec_{base64.b64encode(KEY).decode()}")
    with client(settings) as opened:
        opened.headers.pop("authorization")
        yield opened


def sent(
    outside: TestClient, channel: str, document: Any, *, at: datetime = START, key: bytes = KEY, **changed: str
) -> Response:
    body, stamp = json.dumps(document, ensure_ascii=False).encode(), str(int(at.timestamp()))
    signed = signature(key, "msg-1", stamp, body).decode()
    headers = {"webhook-id": "msg-1", "webhook-timestamp": stamp, "webhook-signature": f"v1,{signed}"}
    headers |= {"content-type": "application/json"} | {name.replace("_", "-"): text for name, text in changed.items()}
    return outside.post(f"/api/v1/channels/{channel}/messages", content=body, headers=headers)


def sms(number: int, text: str, phone: str = PHONE) -> dict[str, Any]:
    return {"phone_number": phone, "send_time": "2026-03-02 09:00:00", "content": text, "sequence_id": number}


def call(event: str, **more: str) -> dict[str, str]:
    return {"call": "c-1", "event": event, "at": "2026-03-02T08:59:00+08:00", **more}


def cases(store: Store) -> list[dict[str, Any]]:
    return query_rows(
        store,
        "SELECT c.number, c.channel, p.phone FROM cases c LEFT JOIN party p ON p.id = c.party_id ORDER BY c.id",
    )


def test_an_sms_opens_a_case_and_the_next_one_of_the_number_joins_it(outside: TestClient, store: Store):
    answer = sent(outside, "sms", [sms(1, "我的包裹破了。")])
    assert (answer.status_code, answer.json()) == (202, {"new": 1, "known": 0})
    [case] = cases(store)
    assert (case["channel"], case["phone"]) == ("sms", PHONE)
    assert sent(outside, "sms", [sms(2, "你们还来吗？")]).json() == {"new": 1, "known": 0}
    assert len(cases(store)) == 1
    assert "follow_up" in [row["move"] for row in history_of(store, case["number"])]
    words = query_rows(store, "SELECT content FROM statement WHERE content IS NOT NULL ORDER BY seq")
    assert "你们还来吗？" in [row["content"] for row in words]
    assert verify(store).faults == ()


def test_a_webhook_that_is_sent_again_takes_nothing_in_twice(outside: TestClient, store: Store):
    several = [sms(1, "我的包裹破了。"), sms(2, "你们还来吗？")]
    assert sent(outside, "sms", several).json() == {"new": 2, "known": 0}
    before = query_rows(store, "SELECT count(*) AS n FROM transition")
    assert sent(outside, "sms", several).json() == {"new": 0, "known": 2}
    assert query_rows(store, "SELECT count(*) AS n FROM transition") == before


def test_a_number_with_two_open_cases_opens_a_third_that_is_linked_to_both(outside: TestClient, store: Store):
    sent(outside, "hotline", call("started", **{"from": PHONE}))
    sent(outside, "hotline", call("started", **{"from": PHONE, "call": "c-2"}))
    two = [case["number"] for case in cases(store)]
    for _ in range(2):
        sent(outside, "sms", [sms(9, "还没有人来。")])
    three = [case["number"] for case in cases(store)]
    assert len(three) == 3
    links = query_rows(
        store,
        "SELECT p.number AS parent, c.number AS child, l.relation FROM link l JOIN cases p ON p.id = l.parent_id"
        " JOIN cases c ON c.id = l.child_id ORDER BY p.id",
    )
    assert links == [{"parent": parent, "child": three[2], "relation": "follow_up"} for parent in two]
    assert verify(store).faults == ()


def test_another_number_or_a_closed_case_is_not_joined(outside: TestClient, store: Store):
    sent(outside, "sms", [sms(1, "我的包裹破了。")])
    sent(outside, "sms", [sms(2, "我也是。", "13912345678")])
    assert len(cases(store)) == 2
    make_move(store, cases(store)[0]["number"], "withdraw")
    sent(outside, "sms", [sms(3, "又破了。")])
    assert len(cases(store)) == 3


def test_the_events_of_a_call_stand_on_one_case_in_whatever_order(outside: TestClient, store: Store):
    assert sent(outside, "hotline", call("ended", **{"from": PHONE, "agent": "1001"})).status_code == 202
    recording = call("recording", recording="https://records.example.com/c-1.wav", agent="1002")
    assert sent(outside, "hotline", recording).json() == {"new": 1, "known": 0}
    assert sent(outside, "hotline", call("started", **{"from": PHONE, "agent": "1001"})).json()["new"] == 1
    for again in (recording, call("ended", **{"from": PHONE, "agent": "1001"})):
        assert sent(outside, "hotline", again).json() == {"new": 0, "known": 1}
    [case] = cases(store)
    assert case["channel"] == "hotline"
    notes = [row for row in history_of(store, case["number"]) if row["move"] == "note"]
    assert len(notes) == 3
    by = query_rows(store, "SELECT a.handle FROM transition t JOIN actor a ON a.id = t.actor_id WHERE t.move = 'note'")
    assert sorted(row["handle"] for row in by) == [AGENT, AGENT, "sue"]
    texts = [row["content"] for row in query_rows(store, "SELECT content FROM statement WHERE field = 'note'")]
    assert any("https://records.example.com/c-1.wav" in text for text in texts)
    assert verify(store).faults == ()


def test_an_event_of_an_unknown_call_that_names_no_caller_is_asked_for_again(outside: TestClient, store: Store):
    answer = sent(outside, "hotline", call("recording", recording="https://records.example.com/c-1.wav"))
    assert (answer.status_code, answer.json()["code"]) == (409, "unknown_call")
    assert cases(store) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"webhook_signature": ""}, "missing"),
        ({"webhook_signature": "v1,AAAA"}, "wrong"),
        ({"webhook_id": "msg-2"}, "wrong"),
        ({"at": START - timedelta(minutes=6)}, "old"),
        ({"key": b"another key of thirty-two bytes."}, "wrong"),
    ],
    ids=["missing", "wrong", "another id", "old", "another key"],
)
def test_what_is_not_signed_is_refused(outside: TestClient, store: Store, changes: dict[str, Any], why: str):
    answer = sent(outside, "sms", [sms(1, "x")], **changes)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
    assert f"({why})" in answer.json()["detail"]
    assert cases(store) == []


def test_unsigned_requests_use_up_the_limit_of_their_address_and_not_of_the_channel(outside: TestClient, store: Store):
    statuses = [sent(outside, "sms", [], webhook_signature="v1,AAAA").status_code for _ in range(31)]
    assert statuses == [401] * 30 + [429]
    assert sent(outside, "sms", [sms(1, "x")]).status_code == 202
    statuses = [sent(outside, "sms", [sms(1, "x")]).status_code for _ in range(30)]
    assert statuses == [202] * 29 + [429]
    assert sent(outside, "wechat", []).status_code == 202


def test_one_faulty_message_refuses_the_whole_webhook_by_its_field(outside: TestClient, store: Store):
    answer = sent(outside, "sms", [sms(1, "x"), sms(2, " ")])
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_inbound")
    assert ": text is missing" in answer.json()["detail"]
    assert cases(store) == []
    assert sent(outside, "pigeons", {}).status_code == 404
    assert sent(outside, "sms", [sms(1, "x" * 2**20)]).status_code == 413


def test_a_faulty_file_takes_nothing_in_and_names_no_folder(outside: TestClient, settings: Settings):
    (settings.where / "sms.key").write_text("short")
    answer = sent(outside, "sms", [sms(1, "x")])
    assert (answer.status_code, answer.json()["code"]) == (503, "bad_channels")
    assert str(settings.where) not in answer.text


def test_wechat_messages_come_in_by_closeloops_own_format(outside: TestClient, store: Store):
    document = {"id": "m-1", "from": PHONE, "at": "2026-03-02T08:59:00+08:00", "text": "还没到", "name": "王女士"}
    assert sent(outside, "wechat", document).json() == {"new": 1, "known": 0}
    assert [case["channel"] for case in cases(store)] == ["wechat"]


def test_a_process_that_dies_between_the_case_of_a_call_and_its_note_leaves_both_to_the_repetition(
    outside: TestClient, store: Store
):
    row_id = row_id_of(store.secret, "hotline", ("c-1",))
    contact = Contact(row_id=row_id, at=START - timedelta(minutes=1), text="…", phone=PHONE, channel=Channel.HOTLINE)
    open_call(store, Source("channel:hotline", "complaint", "logistics"), contact, START)
    for new in (1, 0):
        assert sent(outside, "hotline", call("started", **{"from": PHONE})).json()["new"] == new
    [case] = cases(store)
    assert [row["move"] for row in history_of(store, case["number"])].count("note") == 1


def test_an_event_after_the_end_of_its_case_is_refused(outside: TestClient, store: Store):
    sent(outside, "hotline", call("started", **{"from": PHONE}))
    make_move(store, cases(store)[0]["number"], "withdraw")
    answer = sent(outside, "hotline", call("recording", recording="https://records.example.com/c-1.wav"))
    assert (answer.status_code, answer.json()["code"]) == (409, "not_now")
