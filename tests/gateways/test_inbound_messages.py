"""Webhooks that come in: which signatures are accepted, and what each provider's JSON is read as."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from gateways.inbound_messages import (
    WINDOW,
    BadMessage,
    BadSignature,
    InboundMessage,
    check_signature,
    read_messages,
    signing_key,
)
from gateways.inbound_settings import FILE, MAPPINGS, CallEvent, read_channels, read_mapping
from gateways.mapping_file import BadMapping

pytestmark = pytest.mark.requirement("A1")

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"id": "m-1"}'


def headers(at: datetime = NOW, body: bytes = BODY, secret: str = SECRET) -> dict[str, str]:
    """Sign as senders do, by the library of Standard Webhooks."""
    stamp = str(int(at.timestamp()))
    signed = Webhook(secret).sign("msg_1", at, body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": signed}


def why(given: dict[str, str], body: bytes = BODY) -> str:
    with pytest.raises(BadSignature) as caught:
        check_signature(signing_key(SECRET), given, body, NOW)
    return caught.value.why


def test_what_the_library_of_the_scheme_signs_is_accepted_within_five_minutes():
    for at in (NOW, NOW - WINDOW, NOW + WINDOW):
        check_signature(signing_key(SECRET), headers(at), BODY, NOW)
    assert why(headers(NOW - WINDOW - timedelta(seconds=1))) == "old"
    assert why(headers(NOW + WINDOW + timedelta(seconds=1))) == "old"


def test_during_a_rotation_one_right_signature_of_several_is_enough():
    other = headers(secret="whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")["webhook-signature"]
    given = headers()
    check_signature(
        signing_key(SECRET), given | {"webhook-signature": f"{other} {given['webhook-signature']}"}, BODY, NOW
    )
    assert why(given | {"webhook-signature": other}) == "wrong"


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_header_is_needed_and_signed(name: str):
    assert why(headers() | {name: ""}) == "missing"
    assert why(headers() | {name: "7"}) == "wrong"
    assert why(headers() | {name: "ü²"}) == "wrong"


def test_another_body_is_refused():
    assert why(headers(), b'{"id": "m-2"}') == "wrong"


@pytest.mark.parametrize("text", ["", "short", "whsec_!!", "whsec_c2hvcnQ="])
def test_a_key_that_could_be_guessed_is_none(text: str):
    with pytest.raises(ValueError, match=r"base64|short"):
        signing_key(text)


def read(mapping: str, document: Any) -> list[InboundMessage]:
    return read_messages(json.dumps(document).encode(), read_mapping(Path("/nowhere"), mapping))


def test_every_shipped_mapping_is_whole():
    names = sorted(file.stem for file in MAPPINGS.glob("*.toml"))
    assert names == [
        "aliyun_sms", "itniotech_call", "neutral_call", "neutral_message", "tencent_sms", "tencent_tccc",
    ]  # fmt: skip
    for name in names:
        assert read_mapping(Path("/nowhere"), name).source


def test_messages_of_closeloops_own_format():
    document = {
        "id": "m-1",
        "from": "13800000000",
        "at": "2026-03-02T09:00:00+08:00",
        "text": "还没到",
        "name": "王女士",
    }
    [message] = read("neutral_message", document)
    assert message == InboundMessage(("m-1",), NOW, "13800000000", "还没到", "王女士")


def test_answers_to_sms_of_two_providers():
    [tencent] = read(
        "tencent_sms",
        {"extend": "", "mobile": "13800000000", "nationcode": "86", "sign": "x", "text": "TD", "time": 1772413200},
    )
    assert (tencent.id, tencent.at, tencent.text) == (("13800000000", "1772413200", "TD"), NOW, "TD")
    first, second = read(
        "aliyun_sms",
        [
            {
                "phone_number": "13800000000",
                "send_time": "2026-03-02 09:00:00",
                "content": "还没到",
                "sequence_id": 12345,
            },
            {
                "phone_number": "13900000000",
                "send_time": "2026-03-02 09:00:01",
                "content": "收到",
                "sequence_id": 12346,
            },
        ],
    )
    assert (first.id, first.at, first.sender, first.text) == (("12345",), NOW, "13800000000", "还没到")
    assert second.id == ("12346",)


def test_calls_of_two_providers_and_no_outgoing_ones():
    record = {
        "SdkAppId": 1, "SessionId": "s-1", "Caller": "008613800000000", "Callee": "010", "Direction": 0,
        "StartTimestamp": 1772413200, "EndedTimestamp": 1772413290, "SeatUser": {"UserId": "lulu@example.com"},
        "RecordId": "r-1",
    }  # fmt: skip
    [ended] = read("tencent_tccc", record)
    assert (ended.event, ended.at, ended.agent, ended.recording) == (CallEvent.ENDED, NOW, "lulu@example.com", "")
    recording = {
        "SessionId": "s-1",
        "Timestamp": 1772413200,
        "EndpointUser": "lulu@example.com",
        "RecordURL": "http://x",
    }
    [recorded] = read("tencent_tccc", recording)
    assert (recorded.event, recorded.recording, recorded.sender) == (CallEvent.RECORDING, "http://x", "")
    assert read("tencent_tccc", record | {"Direction": 1}) == []
    report = {
        "callSessionId": "1", "caller": "13800000000", "callType": 2, "callStartTime": "2026-03-02 09:00:00",
        "callEndTime": "2026-03-02 09:01:00", "voiceUrl": "https://x/a.wav", "agentName": "0705C",
    }  # fmt: skip
    [call] = read("itniotech_call", report)
    assert (call.event, call.at, call.recording) == (CallEvent.ENDED, NOW, "https://x/a.wav")
    assert read("itniotech_call", report | {"callType": 3}) == []


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ("nothing", "json"),
        ([1], "json"),
        ({"from": "1", "at": "2026-03-02T09:00:00Z", "text": "x"}, "id"),
        ({"id": {}, "from": "1", "at": "2026-03-02T09:00:00Z", "text": "x"}, "id"),
        ({"id": "1", "at": "2026-03-02T09:00:00Z", "text": "x"}, "sender"),
        ({"id": "1", "from": "1", "at": "2026-03-02T09:00:00Z", "text": " "}, "text"),
        ({"id": "1", "from": "1", "at": "yesterday", "text": "x"}, "at"),
        ([{"id": "1"}] * 201, "items"),
    ],
)
def test_what_the_mapping_does_not_fit_is_named_by_its_field(document: Any, field: str):
    with pytest.raises(BadMessage) as caught:
        read("neutral_message", document)
    assert caught.value.field == field


def test_an_event_that_no_rule_names_is_refused():
    with pytest.raises(BadMessage, match="event"):
        read("neutral_call", {"call": "1", "event": "hold", "from": "1", "at": "2026-03-02T09:00:00Z"})


@pytest.mark.parametrize(
    "text",
    [
        'sort = "message"\nsource = "x"\nid = ["a"]\nat = ["b"]\n',
        'sort = "call"\nsource = "x"\nid = ["a"]\nat = ["b"]\nsender = ["c"]\n',
        'sort = "message"\nsource = "x"\nid = []\nat = ["b"]\nsender = ["c"]\ntext = ["d"]\n',
        'sort = "message"\nsource = "x"\nid = ["a"]\nat = ["b"]\nsender = ["c"]\ntext = ["d"]\nzone = "Mars/Base"\n',
    ],
    ids=["no text", "no events", "no id", "no zone"],
)
def test_a_mapping_of_ones_own_is_checked(tmp_path: Path, text: str):
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(BadMapping):
        read_mapping(tmp_path, "own.toml")


def test_two_channels_have_two_names(tmp_path: Path):
    one = '[[channel]]\nname = "sms"\nsecret_file = "k"\nmapping = "aliyun_sms"\nchannel = "sms"\n'
    (tmp_path / FILE).write_text(one)
    assert [each.name for each in read_channels(tmp_path)] == ["sms"]
    (tmp_path / FILE).write_text(one + one)
    with pytest.raises(BadMapping):
        read_channels(tmp_path)
    assert read_channels(tmp_path / "nowhere") == ()
