"""Messages to a real receiver over TLS: what is checked before it is sent anything, and what a bad receiver can do."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from engine.clock import system_now
from gateways.webhook_http import HttpSender
from gateways.webhook_sender import SenderRules, WebhookFailed
from models.public_addresses import parsed_networks
from tests.gateways import certificates
from tests.gateways.webhook_receivers import ACCEPTS, Receiver, Reply, answers

NAME = "hooks.example.com"
HERE = parsed_networks("127.0.0.1/32")
HEADERS = {"webhook-id": "cp-26-000001:2:webhook:1", "content-type": "application/json"}
BODY = b'{"type":"case.moved"}'


@dataclass
class House:
    """An authority of one's own, and receivers that it vouches for."""

    folder: Path
    stack: ExitStack
    ours: certificates.Certificate = field(default_factory=lambda: certificates.authority(system_now()))

    def receiver(
        self, reply: Reply = ACCEPTS, *, names: tuple[str, ...] = (NAME,), until: timedelta | None = None
    ) -> Receiver:
        now = system_now()
        certificate = certificates.server(now, *names, by=self.ours, until=now + until if until else None)
        return self.stack.enter_context(Receiver(reply).running(certificate.server_context(self.folder)))

    def plain(self, reply: Reply = ACCEPTS) -> Receiver:
        return self.stack.enter_context(Receiver(reply).running(None))

    @property
    def authorities(self) -> Path:
        file = self.folder / "authority.pem"
        file.write_bytes(self.ours.public)
        return file

    def sender(self, *addresses: str, seconds: float = 5, allowed: bool = True, http: bool = False) -> HttpSender:
        """Return a sender that resolves every name to these addresses, by default to this machine."""
        rules = SenderRules(http, HERE if allowed else (), self.authorities)
        return HttpSender(rules, resolve=lambda host, port: addresses or ("127.0.0.1",), seconds=seconds)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        yield House(tmp_path, stack)


def url(receiver: Receiver, scheme: str = "https", name: str = NAME) -> str:
    return f"{scheme}://{name}:{receiver.port}/closeloop?tenant=7"


def failure(sender: HttpSender, address: str) -> str:
    with pytest.raises(WebhookFailed) as failed:
        sender.send(address, HEADERS, BODY)
    return failed.value.code


def test_a_message_arrives_whole_under_the_name_that_was_asked(house: House):
    receiver = house.receiver()
    house.sender().send(url(receiver), HEADERS, BODY)
    [request] = receiver.requests
    assert request.line == "POST /closeloop?tenant=7 HTTP/1.1"
    assert request.body == BODY
    assert request.headers["host"] == f"{NAME}:{receiver.port}"
    assert request.headers["webhook-id"] == HEADERS["webhook-id"]
    assert "cookie" not in request.headers
    assert "authorization" not in request.headers


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "202 Accepted", "204 No Content"])
def test_any_answer_of_the_two_hundreds_accepts(house: House, status: str):
    receiver = house.receiver(answers(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()))
    house.sender().send(url(receiver), HEADERS, BODY)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 410, 429, 500, 503])
def test_any_other_status_is_a_failure_that_names_it(house: House, status: int):
    receiver = house.receiver(answers(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()))
    assert failure(house.sender(), url(receiver)) == f"status_{status}"


def test_a_redirect_is_not_followed(house: House):
    inside = house.receiver(names=("inside.example",))
    location = url(inside, name="inside.example")
    for status in (301, 302, 303, 307, 308):
        receiver = house.receiver(
            answers(f"HTTP/1.1 {status} Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())
        )
        assert failure(house.sender(), url(receiver)) == "redirect"
    assert inside.connections == 0


def test_a_name_that_leads_to_the_inside_is_not_called(house: House):
    receiver = house.receiver()
    assert failure(house.sender(allowed=False), url(receiver)) == "address"
    assert failure(house.sender("::ffff:127.0.0.1", allowed=False), url(receiver)) == "address"
    assert failure(house.sender("64:ff9b::7f00:1", allowed=False), url(receiver)) == "address"
    assert receiver.connections == 0


def test_one_address_of_the_inside_among_public_ones_is_enough_to_refuse(house: House):
    receiver = house.receiver()
    assert failure(house.sender("127.0.0.1", "10.0.0.1"), url(receiver)) == "address"
    assert receiver.connections == 0


def test_a_name_whose_answer_changes_after_the_check_leads_nowhere_else(house: House):
    receiver, asked = house.receiver(), list[str]()

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    sender = HttpSender(SenderRules(False, HERE, house.authorities), resolve=rebinding)
    sender.send(url(receiver), HEADERS, BODY)
    assert asked == [NAME], "the name is resolved once, and what was checked is connected to"
    assert failure(sender, url(receiver)) == "address", "the next message checks it anew"
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1", "0x7f.1", "2130706433", "[::1]"])
def test_the_system_s_resolver_is_checked_for_any_way_to_write_this_machine(house: House, host: str):
    receiver = house.plain()
    sender = HttpSender(SenderRules(http_allowed=True))
    assert failure(sender, f"http://{host}:{receiver.port}/") in {"address", "name", "url"}
    assert receiver.connections == 0


def test_a_certificate_of_another_name_or_authority_or_one_that_expired_is_not_trusted(house: House):
    other = house.receiver(names=("other.example",))
    expired = house.receiver(until=timedelta(days=-1))
    now = system_now()
    own = certificates.server(now, NAME, by=None)
    unknown = house.stack.enter_context(Receiver().running(own.server_context(house.folder)))
    for receiver in (other, expired, unknown):
        assert failure(house.sender(), url(receiver)) == "certificate"
        assert receiver.requests == []


def test_without_tls_nothing_is_sent_unless_a_setting_allows_it(house: House):
    receiver = house.plain()
    assert failure(house.sender(), url(receiver, "http")) == "url"
    assert failure(house.sender(seconds=0.5), url(receiver)) in {"tls", "timeout"}
    assert receiver.requests == []
    house.sender(http=True).send(url(receiver, "http"), HEADERS, BODY)
    assert [request.body for request in receiver.requests] == [BODY]


def drip(connection: socket.socket, over: threading.Event) -> None:
    """Send a byte of an endless header whenever some time has passed, until the test is over."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not over.wait(0.05):
        connection.sendall(b"a")


def say_nothing(connection: socket.socket, over: threading.Event) -> None:
    over.wait()


@pytest.mark.parametrize("reply", [drip, say_nothing], ids=["drips", "silent"])
def test_a_slow_receiver_has_no_more_than_the_time_of_a_delivery(house: House, reply: Reply):
    receiver = house.receiver(reply)
    assert failure(house.sender(seconds=0.5), url(receiver)) == "timeout"
    assert receiver.connections == 1


def test_a_handshake_that_never_ends_has_no_more_time_either(house: House):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = f"https://{NAME}:{deaf.getsockname()[1]}/"
        assert failure(house.sender(seconds=0.5), address) == "timeout"


def test_a_resolver_that_hangs_has_no_more_time_either(house: House):
    over = threading.Event()

    def hanging(host: str, port: int) -> list[str]:
        over.wait(30)
        return ["127.0.0.1"]

    sender = HttpSender(SenderRules(False, HERE), resolve=hanging, seconds=0.2)
    assert failure(sender, f"https://{NAME}:8443/") == "timeout"
    over.set()


def flood(connection: socket.socket, over: threading.Event) -> None:
    """Answer with a body without an end, and count nothing: the reader hangs up."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while not over.is_set():
        connection.sendall(b"a" * 65536)


def test_a_huge_answer_is_accepted_and_not_read(house: House):
    receiver = house.receiver(flood)
    house.sender(seconds=30).send(url(receiver), HEADERS, BODY)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    "raw",
    [b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000, b"", b"HTTP/1.1 000 Odd\r\n\r\n"],
    ids=["ssh", "huge_header", "nothing", "status_0"],
)
def test_what_is_no_answer_of_http_is_a_failure(house: House, raw: bytes):
    receiver = house.receiver(answers(raw))
    assert failure(house.sender(), url(receiver)) in {"answer", "connection", "status_0"}


def test_a_receiver_that_is_away_is_a_failure(house: House):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert failure(house.sender(), f"https://{NAME}:{port}/") == "connection"


def test_an_unknown_name_is_a_failure(house: House):
    assert failure(HttpSender(), "https://nobody.invalid/") == "name"


def test_a_file_of_authorities_that_is_missing_is_a_failure_that_names_the_setting(house: House):
    sender = HttpSender(
        SenderRules(False, HERE, house.folder / "missing.pem"), resolve=lambda host, port: ["127.0.0.1"]
    )
    assert failure(sender, f"https://{NAME}:8443/") == "setting"


def test_a_proxy_of_the_environment_is_not_used(house: House, monkeypatch: pytest.MonkeyPatch):
    proxy, receiver = house.plain(), house.receiver()
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    house.sender().send(url(receiver), HEADERS, BODY)
    assert proxy.connections == 0
