"""Mail: what is sent to a server, and the fake that records the mails it is given."""

import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path

import pytest

from gateways.mail import AddressRefused, FakeMailer, FileMailer, Mail, SmtpMailer, destination_of, masked
from gateways.smtp import MailServer

MAIL = Mail(
    key="cp-26-000123:4:acknowledge_contact:acknowledged",
    to="wang@example.com",
    subject="已收到您的投诉 cp-26-000123",
    body="您好:\n已收到您的投诉。\n.一行以点开头\nWe call you at three.",
)


class _Session(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs to send one mail."""

    @property
    def sink(self) -> "Sink":
        assert isinstance(self.server, Sink)
        return self.server

    def handle(self) -> None:
        self.send_line("220 sink")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            self.sink.verbs.append(line if verb in {"MAIL", "RCPT"} else verb)
            if verb == "DATA":
                self.send_line("354 go on")
                self.sink.mails.append(self.content())
            if verb == "RCPT" and self.sink.refuses:
                self.send_line("550 no such person")
                continue
            self.send_line("221 bye" if verb == "QUIT" else "250 ok")
            if verb == "QUIT":
                return

    def send_line(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def content(self) -> bytes:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)


class Sink(socketserver.ThreadingTCPServer):
    """A mail server on this machine that delivers nothing."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.mails: list[bytes] = []
        self.verbs: list[str] = []
        self.refuses = False

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    @property
    def received(self) -> Message:
        [mail] = self.mails
        return message_from_bytes(mail)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_mail_is_sent_with_its_key_as_its_id(sink: Sink):
    SmtpMailer(MailServer(sink.url), "desk@closeloop.example").send(MAIL)
    mail = sink.received
    assert mail["Message-ID"] == "<cp-26-000123.4.acknowledge_contact.acknowledged@closeloop>"
    assert (mail["From"], mail["To"]) == ("desk@closeloop.example", "wang@example.com")
    commands = [line.casefold() for line in sink.verbs[1:3]]  # versions of Python differ in the case of FROM
    assert commands == ["mail from:<desk@closeloop.example>", "rcpt to:<wang@example.com>"]
    assert sink.verbs[-1] == "QUIT"


def test_no_program_answers_a_mail_and_a_person_answers_where_it_says(sink: Sink):
    answered = "service+cp-26-000123.0123456789abcdef@closeloop.example"
    SmtpMailer(MailServer(sink.url), "desk@closeloop.example").send(replace(MAIL, reply_to=answered))
    assert (sink.received["Auto-Submitted"], sink.received["Reply-To"]) == ("auto-generated", answered)


def test_chinese_text_arrives_unchanged(sink: Sink):
    SmtpMailer(MailServer(sink.url), "desk@closeloop.example").send(MAIL)
    mail = sink.received
    assert str(make_header(decode_header(mail["Subject"]))) == MAIL.subject
    assert mail.get_content_charset() == "utf-8"
    body = mail.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode("utf-8").replace("\r\n", "\n").rstrip("\n") == MAIL.body


def test_the_same_mail_sent_twice_has_the_same_id(sink: Sink):
    for _ in range(2):
        SmtpMailer(MailServer(sink.url), "desk@closeloop.example").send(MAIL)
    first, second = (message_from_bytes(mail)["Message-ID"] for mail in sink.mails)
    assert first == second


def test_an_address_that_is_refused_for_good_raises(sink: Sink):
    sink.refuses = True
    with pytest.raises(AddressRefused):
        SmtpMailer(MailServer(sink.url), "desk@closeloop.example").send(MAIL)
    assert sink.mails == []


def test_a_server_that_is_unreachable_raises(sink: Sink):
    with Sink() as gone:
        url = gone.url
    with pytest.raises(OSError, match="refused"):
        SmtpMailer(MailServer(url), "desk@closeloop.example").send(MAIL)


def test_a_server_that_does_not_answer_times_out():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = MailServer(f"smtp://127.0.0.1:{silent.getsockname()[1]}", seconds=0.05)
        with pytest.raises(OSError, match="timed out"):
            SmtpMailer(server, "desk@closeloop.example").send(MAIL)


@pytest.mark.parametrize("build", [lambda sink, _: SmtpMailer(MailServer(sink.url), "desk@closeloop.example"),
                                   lambda _, tmp: FileMailer(tmp / "sent.jsonl"), lambda *_: FakeMailer()])  # fmt: skip
@pytest.mark.parametrize(
    "to",
    ["a@example.com; b@example.com", "a@example.com, b@example.com", "a; b", "a, b", "", "无", "0", "wang", "<>",
     "a@example.com b@example.com", "a@example.com> RCPT TO:<b@example.com", "w***@example.com"],
)  # fmt: skip
def test_no_transport_is_handed_what_is_not_one_address(sink: Sink, tmp_path: Path, build, to: str):
    with pytest.raises(AddressRefused):
        build(sink, tmp_path).send(Mail(MAIL.key, to, MAIL.subject, MAIL.body))
    assert [verb for verb in sink.verbs if verb.upper().startswith("RCPT")] == []
    assert not (tmp_path / "sent.jsonl").exists()


def test_a_full_width_address_is_written_to_as_the_server_knows_it(sink: Sink):
    SmtpMailer(MailServer(sink.url), "desk@closeloop.example").send(
        Mail(MAIL.key, "Wang＠例子.中国", MAIL.subject, MAIL.body)
    )
    assert [verb for verb in sink.verbs if verb.upper().startswith("RCPT")] == ["rcpt TO:<Wang@xn--fsqu00a.xn--fiqs8s>"]


def test_an_address_with_a_line_break_cannot_add_a_header(sink: Sink):
    forged = Mail(MAIL.key, "wang@example.com\nBcc: all@example.com", MAIL.subject, MAIL.body)
    with pytest.raises(ValueError, match="linefeed"):
        SmtpMailer(MailServer(sink.url), "desk@closeloop.example").send(forged)
    assert sink.verbs == []


def test_the_fake_keeps_mails_in_memory():
    mailer = FakeMailer()
    mailer.send(MAIL)
    assert mailer.sent == [MAIL]


def test_the_fake_writes_mails_to_a_file_that_others_cannot_read(tmp_path: Path):
    drop = tmp_path / "outbox" / "mail.jsonl"
    for _ in range(2):
        FakeMailer(drop).send(MAIL)
    lines = drop.read_text("utf-8").splitlines()
    assert len(lines) == 2
    assert json.loads(lines[0]) == {"key": MAIL.key, "to": MAIL.to, "subject": MAIL.subject, "body": MAIL.body}
    assert "已收到您的投诉" in lines[0], "a person can read the file"
    assert drop.stat().st_mode & 0o077 == 0


def test_the_file_of_a_store_without_a_server_reaches_nobody(tmp_path: Path):
    mailer = FileMailer(tmp_path / "mail.jsonl")
    went = destination_of(mailer, "amy@example.com")
    assert (went.code, went.text, went.reached) == ("file", str(tmp_path / "mail.jsonl"), False)


def test_a_mail_to_a_server_goes_to_the_address_of_which_only_a_part_is_shown():
    went = destination_of(SmtpMailer(MailServer("smtp://127.0.0.1"), "desk@closeloop.example"), "amy@example.com")
    assert (went.code, went.text, went.reached) == ("address", "a***@example.com", True)
    assert masked("x") == "***", "what is no address is not shown either"


def test_a_simulation_takes_its_file_for_delivered(tmp_path: Path):
    went = destination_of(FakeMailer(tmp_path / "mail.jsonl"), "amy@example.com")
    assert (went.code, went.reached) == ("file", True)
    assert destination_of(FakeMailer(), "amy@example.com").text == "a***@example.com"


@pytest.mark.parametrize("address", [None, ""])
def test_somebody_without_an_address_gets_it_nowhere(address: str | None):
    went = destination_of(FakeMailer(), address)
    assert (went.code, went.reached) == ("nowhere", False)


def test_a_mail_that_its_reader_may_stop_says_how_by_one_click_and_others_do_not(sink: Sink):
    link = f"https://care.example.com/portal/care/12.{'0123456789abcdef' * 2}"
    mailer = SmtpMailer(MailServer(f"smtp://127.0.0.1:{sink.server_address[1]}"), "closeloop@example.com")
    mailer.send(replace(MAIL, unsubscribe=link))
    mailer.send(MAIL)
    stopped, other = (message_from_bytes(mail) for mail in sink.mails)
    assert stopped["List-Unsubscribe"].strip() == f"<{link}>"
    assert stopped["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert other["List-Unsubscribe"] is None
