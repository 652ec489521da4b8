"""Mails are fetched from a real IMAP server, become cases or join them, and are filed away."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from imap_tools import MailBoxUnencrypted

from apps.mailbox_health import mailbox_health, mailboxes
from apps.mailboxes import keep_visiting, visit
from apps.prefect_server import free_port
from engine.clock import system_now
from engine.commands.mail_contacts import signed_address
from engine.settings import Settings
from engine.store import Store
from flows.mail_intake import Outcome
from flows.work import work_from
from tests.apps.conftest import Closeloop
from tests.gateways import certificates
from tests.gateways.incoming_mails import mail
from tests.prefect_side.conftest import until

pytestmark = pytest.mark.requirement("A1")

PASSWORD = "s3cret-imap"


@dataclass
class Imap:
    """An IMAP server whose user is ``service``; it offers TLS by STARTTLS."""

    port: int

    def client(self) -> MailBoxUnencrypted:
        return MailBoxUnencrypted("127.0.0.1", self.port, timeout=10)

    def put(self, content: bytes) -> None:
        with self.client().login("service", PASSWORD) as client:
            client.append(content)

    def folders(self) -> dict[str, int]:
        """How many mails each folder holds."""
        with self.client().login("service", PASSWORD) as client:
            return {each.name: client.folder.status(each.name)["MESSAGES"] for each in client.folder.list()}


@pytest.fixture(scope="module")
def imap() -> Iterator[Imap]:
    """A server of PyPI (pymap), which lives as long as the tests of this file."""
    port = free_port()
    services = [word for name in ("admin", "managesieve", "swagger") for word in ("--no-service", name)]
    command = [
        Path(sys.executable).with_name("pymap"),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-tls",
        *services,
    ]
    backend = ["dict", "--demo-user", "service", "--demo-password", PASSWORD]
    process = subprocess.Popen([*command, *backend], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Imap(port)
    try:
        until(lambda: answers(server), 60.0)
        yield server
    finally:
        process.kill()
        process.wait()


def answers(server: Imap) -> bool:
    try:
        with server.client().login("service", PASSWORD):
            return True
    except OSError:
        return False


@pytest.fixture
def box(closeloop: Closeloop, simulated: Store, imap: Imap, home: Path) -> Imap:
    """The server as the mailbox ``service`` of the store, empty."""
    written(home, port=imap.port)
    (home / "imap.password").write_text(f"{PASSWORD}\n")
    with imap.client().login("service", PASSWORD) as client:
        client.delete(client.uids())
    return imap


def written(home: Path, **changed: object) -> None:
    settings = {"name": "service", "host": "127.0.0.1", "security": "none", "user": "service"} | changed
    lines = [f"{name} = {value!r}" for name, value in (settings | {"password_file": "imap.password"}).items()]
    (home / "mailboxes.toml").write_text("\n".join(["[[mailbox]]", *lines]) + "\n")


@pytest.mark.long
def test_a_customer_writes_is_answered_and_writes_again(closeloop: Closeloop, simulated: Store, box: Imap):
    before = box.folders()
    box.put(bytes(mail("我的箱子破了。", Message_ID="<a@example.cn>")))
    box.put(bytes(mail("Away until Monday.", Auto_Submitted="auto-replied", Message_ID="<b@example.cn>")))
    fetched = closeloop.json("mailbox", "fetch")
    assert (fetched["mails"], fetched["case"], fetched["automatic"]) == (2, 1, 1)
    [case] = closeloop.json("case", "list")["cases"]
    assert (case["kind"], case["state"]) == ("complaint", "received")
    to = signed_address(simulated.secret, "service@example.com", case["number"])
    box.put(bytes(mail("还有一箱也破了。\n\n> 您好", To=to, From="other@example.cn", Message_ID="<c@example.cn>")))
    assert closeloop.json("mailbox", "fetch")["case"] == 1
    with simulated.looking() as tx:
        assert tx.row("SELECT move FROM transition ORDER BY seq DESC").move == "follow_up"
    assert len(closeloop.json("case", "list")["cases"]) == 1
    after = box.folders()
    assert after["INBOX"] == 0
    assert after["closeloop-taken"] - before.get("closeloop-taken", 0) == 2
    assert after["closeloop-automatic"] - before.get("closeloop-automatic", 0) == 1
    assert closeloop.json("mailbox", "fetch")["mails"] == 0


@pytest.mark.long
def test_a_driver_empties_the_mailbox_and_status_says_so(closeloop: Closeloop, simulated: Store, box: Imap, home: Path):
    settings = Settings()
    box.put(bytes(mail("It never came.", Message_ID="<d@example.cn>")))
    assert [health.code for health in mailbox_health(settings, simulated.now())] == ["unread"]

    async def visited() -> None:
        visiting = asyncio.create_task(keep_visiting(settings, work_from(settings)))
        await asyncio.to_thread(until, (home / "run" / "mailboxes.json").exists, 60.0)
        visiting.cancel()

    asyncio.run(visited())
    assert box.folders()["INBOX"] == 0
    [health] = mailbox_health(settings, simulated.now())
    assert (health.ok, health.code) == (True, "emptied")
    box.put(b"\x00\x01")
    seen = visit(settings, simulated, mailboxes(home, "en")[0])
    assert (seen.ended[Outcome.PROBLEM], seen.problems) == (1, 1)
    [late] = mailbox_health(settings, simulated.now() + timedelta(hours=1))
    assert (late.ok, late.code) == (False, "unread")


@pytest.mark.long
@pytest.mark.parametrize("fault", ["password", "port", "certificate"])
def test_a_mailbox_that_cannot_be_read_is_named_with_the_remedy(
    closeloop: Closeloop, box: Imap, home: Path, tmp_path: Path, fault: str
):
    if fault == "password":
        (home / "imap.password").write_text("wrong")
    elif fault == "port":
        written(home, port=9)
    else:
        (tmp_path / "ca.pem").write_bytes(certificates.authority(system_now()).public)
        written(home, port=box.port, security="tls", ca=str(tmp_path / "ca.pem"))
    refused = closeloop.refused("mailbox", "fetch")
    assert refused["code"] == "mailbox_away"
    assert "service" in refused["text"]
    assert PASSWORD not in refused["text"]


def test_without_a_file_no_mailbox_is_read(closeloop: Closeloop, simulated: Store):
    assert closeloop.json("mailbox", "list")["mailboxes"] == []
    assert closeloop.json("mailbox", "fetch")["mails"] == 0
    assert mailbox_health(Settings(), simulated.now()) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[[mailbox]]\nname = 'a'\n", 1),
        ("[[mailbox]]\nname = 'a'\nhost = 'h'\nuser = 'u'\npassword_file = 'p'\nport = 0\n", 6),
        ("[[mailbox]]\nname = 'a'\nhost = 'h'\nuser = 'u'\npassword_file = 'p'\nsecurity = 'none'\n", 1),
        ("[[mailbox]]\nname = 'a'\nhost = 'h'\nuser = 'u'\npassword_file = 'p'\nfolder = 'closeloop-taken'\n", 1),
        ("[[mailbox]\n", 1),
    ],
    ids=["missing", "port", "unprotected", "a folder for both", "no TOML"],
)
def test_a_faulty_file_is_named_by_its_line(closeloop: Closeloop, simulated: Store, home: Path, text: str, line: int):
    (home / "mailboxes.toml").write_text(text)
    refused = closeloop.refused("mailbox", "list")
    assert refused["code"] == "bad_mailboxes"
    assert f"{line}: " in refused["text"]
    [health] = mailbox_health(Settings(), simulated.now())
    assert (health.ok, health.code) == (False, "faulty")
