"""Connect to a mail server so that nobody between us and it reads a password, or a mail on its way to it.

``smtps://user:password@host`` speaks TLS from the first byte, ``smtp://…`` turns to it by STARTTLS. The certificate is
always verified: by the authorities of the system, or by those of one's own file. Without TLS mail goes, without a
login, to this machine only, unless a setting allows it.
"""

import contextlib
import ipaddress
import smtplib
import ssl
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

IMPLICIT_TLS, STARTTLS = "smtps", "smtp"
PORTS = {IMPLICIT_TLS: 465, STARTTLS: 25}


class MailServerRefused(OSError):
    """A mail server that is not trusted with mail; ``status`` says why by ``code``, and what to do."""

    code = "refused"


class TlsNotOffered(MailServerRefused):
    """The server offers no STARTTLS, or somebody on the way has removed it: set smtps://, or allow plain mail."""

    code = "no_tls"


class LoginWithoutTls(MailServerRefused):
    """A password is never sent without TLS: set smtps://, or let the server offer STARTTLS."""

    code = "plain_login"


class CertificateNotTrusted(MailServerRefused):
    """The certificate is of an unknown authority, of another name, or expired: set CLOSELOOP_SMTP_CA, or renew it."""

    code = "certificate"


class BadMailSetting(MailServerRefused):
    """The address of the mail server is no smtp:// or smtps://, or the file of authorities cannot be read."""

    code = "setting"


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server and how it is reached. ``authorities`` is a file of certificates (PEM) that are trusted instead.

    ``plain`` allows mail without TLS to another machine; a login is never made without it.
    """

    url: str
    authorities: Path | None = None
    plain: bool = False
    seconds: float = 10

    @property
    def name(self) -> str:
        """Return host and port, without user and password; the host alone of a wrong address."""
        try:
            return f"{self._host}:{self._port}"
        except BadMailSetting:
            return self._host

    @contextlib.contextmanager
    def connected(self, *, login: bool = True) -> Generator[smtplib.SMTP]:
        """Yield a connection that may be used. Raises ``MailServerRefused``, or another ``OSError`` from the network.

        An unanswered ``QUIT`` does not undo what was sent.
        """
        server = self._open()
        try:
            user = self._parts.username
            if user and login:
                server.login(unquote(user), unquote(self._parts.password or ""))
            yield server
        except BaseException:
            server.close()
            raise
        with contextlib.suppress(smtplib.SMTPException, OSError):
            server.quit()
        server.close()

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.url)

    @property
    def _host(self) -> str:
        return self._parts.hostname or "localhost"

    @property
    def _port(self) -> int:
        try:
            return self._parts.port or PORTS[self._parts.scheme]
        except (ValueError, KeyError):
            raise BadMailSetting from None

    def _open(self) -> smtplib.SMTP:
        port = self._port
        try:
            if self._parts.scheme == IMPLICIT_TLS:
                return smtplib.SMTP_SSL(self._host, port, timeout=self.seconds, context=self._context())
            server = smtplib.SMTP(self._host, port, timeout=self.seconds)
        except ssl.SSLCertVerificationError as error:
            raise CertificateNotTrusted(error.verify_message) from error
        try:
            self._start_tls(server)
        except BaseException:
            server.close()
            raise
        return server

    def _start_tls(self, server: smtplib.SMTP) -> None:
        server.ehlo_or_helo_if_needed()
        user, here = self._parts.username, _on_this_machine(self._host)
        if here and not user:
            return
        if server.has_extn("starttls"):
            try:
                server.starttls(context=self._context())
            except ssl.SSLCertVerificationError as error:
                raise CertificateNotTrusted(error.verify_message) from error
            except (smtplib.SMTPResponseException, smtplib.SMTPServerDisconnected) as error:
                raise TlsNotOffered from error
            server.ehlo()
        elif user:
            raise LoginWithoutTls
        elif not self.plain:
            raise TlsNotOffered

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.authorities)
        except OSError as error:
            raise BadMailSetting from error


def _on_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
