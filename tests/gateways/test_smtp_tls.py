"""Mail to a real server over TLS: its certificate is verified, and no password leaves without TLS."""

import ssl
from asyncio.base_events import Server
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Session

from engine.clock import system_now
from gateways.mail import Mail, SmtpMailer
from gateways.smtp import (
    BadMailSetting,
    CertificateNotTrusted,
    LoginWithoutTls,
    MailServer,
    MailServerRefused,
    TlsNotOffered,
)
from tests.gateways import certificates

MAIL = Mail("cp-26-000001:1:greet", "wang@example.com", "Received", "We have it.")
HERE = "localhost"
ELSEWHERE = "0.0.0.0"  # noqa: S104 - leads to this machine, and is no loopback address: it stands for another machine
USER = "desk:s3cret%21"
DAY = timedelta(days=1)


@dataclass
class Received:
    """What a server was given: mails, and for each login whether TLS was spoken."""

    mails: list[bytes] = field(default_factory=list)
    logins: list[tuple[bool, bytes, bytes]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        self.mails.append(envelope.content)
        return "250 taken"

    async def handle_EHLO(  # noqa: N802 (aiosmtpd's name)
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return responses

    def login(self, server: Any, session: Session, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.logins.append((server.transport.get_extra_info("sslcontext") is not None, data.login, data.password))
        return AuthResult(success=data.password == b"s3cret!", handled=False)


class _Server(Controller):
    """A server on a port that the system chooses."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@dataclass
class Post:
    """Starts mail servers, and knows their authority's file."""

    stack: ExitStack
    folder: Path
    received: Received = field(default_factory=Received)

    def __post_init__(self) -> None:
        self.now = system_now()
        self.authority = certificates.authority(self.now)
        self.authorities = self.folder / "authority.pem"
        self.authorities.write_bytes(self.authority.public)

    def certificate(self, *names: str, until: timedelta = DAY, own: bool = False) -> ssl.SSLContext:
        by = None if own else self.authority
        made = certificates.server(self.now, *names, by=by, until=self.now + until)
        return made.server_context(self.folder)

    def serve(self, **options: Any) -> int:
        """Start a server and return its port."""
        server = _Server(self.received, hostname="127.0.0.1", port=0, authenticator=self.received.login, **options)
        server.start()
        self.stack.callback(server.stop)
        return server.port

    def implicit(self, context: ssl.SSLContext) -> int:
        return self.serve(ssl_context=context, auth_require_tls=False)  # TLS is there, which it does not know

    def starttls(self, context: ssl.SSLContext, **options: Any) -> int:
        return self.serve(tls_context=context, **options)


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with ExitStack() as stack:
        yield Post(stack, tmp_path)


def send(post: Post, url: str, **options: Any) -> None:
    SmtpMailer(MailServer(url, options.pop("authorities", post.authorities), **options), "desk@example.com").send(MAIL)


@pytest.mark.parametrize("user", ["", f"{USER}@"], ids=["without login", "with login"])
@pytest.mark.parametrize("host", [HERE, ELSEWHERE])
def test_mail_goes_over_implicit_tls_with_the_right_certificate(post: Post, host: str, user: str):
    send(post, f"smtps://{user}{host}:{post.implicit(post.certificate(host))}")
    assert b"We have it." in post.received.mails[0]
    assert post.received.logins == ([(True, b"desk", b"s3cret!")] if user else [])


@pytest.mark.parametrize("offers_auth_before", [False, True])
def test_after_starttls_with_the_right_certificate_it_logs_in(post: Post, offers_auth_before: bool):
    port = post.starttls(post.certificate(HERE), auth_require_tls=not offers_auth_before)
    send(post, f"smtp://{USER}@{HERE}:{port}")
    assert post.received.logins == [(True, b"desk", b"s3cret!")]
    assert len(post.received.mails) == 1


Bad = Callable[[Post, str], ssl.SSLContext]
BAD: dict[str, Bad] = {
    "another name": lambda post, _: post.certificate("mail.example.com"),
    "signed by itself": lambda post, host: post.certificate(host, own=True),
    "expired": lambda post, host: post.certificate(host, until=-DAY),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_a_certificate_that_cannot_be_verified_is_refused(post: Post, bad: Bad, scheme: str):
    context = bad(post, HERE)
    port = post.implicit(context) if scheme == "smtps" else post.starttls(context)
    with pytest.raises(CertificateNotTrusted):
        send(post, f"{scheme}://{USER}@{HERE}:{port}")
    assert post.received == Received(), "neither a password nor a mail has left"


def test_an_authority_that_the_system_does_not_know_is_refused_unless_it_is_named(post: Post):
    port = post.implicit(post.certificate(HERE))
    with pytest.raises(CertificateNotTrusted):
        send(post, f"smtps://{HERE}:{port}", authorities=None)
    send(post, f"smtps://{HERE}:{port}")
    assert len(post.received.mails) == 1


@pytest.mark.parametrize("options", [{}, {"auth_require_tls": False}], ids=["plain", "AUTH offered without TLS"])
@pytest.mark.parametrize("host", [HERE, ELSEWHERE])
@pytest.mark.parametrize("plain", [False, True])
def test_no_password_is_sent_where_starttls_is_stripped(post: Post, options: dict[str, bool], host: str, plain: bool):
    with pytest.raises(LoginWithoutTls):
        send(post, f"smtp://{USER}@{host}:{post.serve(**options)}", plain=plain)
    assert post.received == Received()


def test_plain_mail_without_a_login_goes_to_this_machine_only_unless_it_is_allowed(post: Post):
    port = post.serve()
    send(post, f"smtp://{HERE}:{port}")
    send(post, f"smtp://127.0.0.1:{port}")
    with pytest.raises(TlsNotOffered):
        send(post, f"smtp://{ELSEWHERE}:{port}")
    assert len(post.received.mails) == 2
    send(post, f"smtp://{ELSEWHERE}:{port}", plain=True)
    assert len(post.received.mails) == 3


def test_another_machine_that_offers_starttls_is_spoken_to_by_tls_also_without_a_login(post: Post):
    send(post, f"smtp://{ELSEWHERE}:{post.starttls(post.certificate(ELSEWHERE), require_starttls=True)}")
    with pytest.raises(CertificateNotTrusted):
        send(post, f"smtp://{ELSEWHERE}:{post.starttls(post.certificate(ELSEWHERE, own=True))}", plain=True)
    assert len(post.received.mails) == 1


def test_a_wrong_password_is_an_error_and_no_mail(post: Post):
    with pytest.raises(Exception, match="535"):
        send(post, f"smtps://desk:wrong@{HERE}:{post.implicit(post.certificate(HERE))}")
    assert post.received.mails == []


@pytest.mark.parametrize("url", ["http://localhost:25", "localhost:25", "smtp://localhost:port", "", "smtps:/x"])
def test_an_address_that_names_no_mail_server_is_refused(tmp_path: Path, url: str):
    with pytest.raises((BadMailSetting, ConnectionRefusedError)):
        SmtpMailer(MailServer(url), "desk@example.com").send(MAIL)


def test_a_file_of_authorities_that_is_none_is_refused(post: Post, tmp_path: Path):
    port = post.implicit(post.certificate(HERE))
    (tmp_path / "empty.pem").write_bytes(b"nothing")
    for file in ("none.pem", "empty.pem"):
        with pytest.raises(BadMailSetting):
            send(post, f"smtps://{HERE}:{port}", authorities=tmp_path / file)


def test_each_reason_has_a_code_of_its_own():
    reasons = (TlsNotOffered, LoginWithoutTls, CertificateNotTrusted, BadMailSetting)
    assert len({reason.code for reason in reasons} | {MailServerRefused.code}) == 5
    assert not issubclass(ConnectionRefusedError, MailServerRefused)


def test_the_name_of_a_server_tells_no_password():
    assert MailServer(f"smtps://{USER}@mail.example.com").name == "mail.example.com:465"
    assert MailServer("smtp://mail.example.com:587").name == "mail.example.com:587"
