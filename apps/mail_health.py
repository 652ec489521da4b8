"""Checks whether the mail server can be reached and trusted, without sending anything and without the password."""

from dataclasses import replace

from apps.health import Health
from engine.settings import Settings

SECONDS = 3.0
"""How long the health of the system waits for the mail server."""


def mail_health(settings: Settings) -> list[Health]:
    """Return the health of the mail server; nothing where none is set."""
    if not settings.smtp_url:
        return []
    import smtplib  # SSL and asyncio: only where there is a mail server

    from flows.work import mail_server
    from gateways.smtp import MailServerRefused

    server = mail_server(settings)
    assert server is not None
    try:
        with replace(server, seconds=SECONDS).connected(login=False):
            return [Health("mail", True, "there", {"server": server.name})]
    except MailServerRefused as refused:
        return [Health("mail", False, refused.code, {"server": server.name})]
    except (OSError, smtplib.SMTPException):
        return [Health("mail", False, "away", {"server": server.name})]
