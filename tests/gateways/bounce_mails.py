"""Builds bounces as mail servers write them (RFC 3464), for the tests of what reads them."""

from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.parser import Parser
from email.policy import SMTP

from gateways.mail import message_id

STATUS = """\
Reporting-MTA: dns; mx.example.net
Arrival-Date: Mon, 2 Mar 2026 03:00:00 +0000

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 unknown user
"""


def bounce(
    key: str, recipient: str, *, action: str = "failed", sent_to: str | None = None, headers_only: bool = False,
    returned_id: str | None = None,
) -> bytes:  # fmt: skip
    """Return the report about the mail with this key; ``sent_to`` stands in the returned message."""
    report = MIMEMultipart("report")
    report.set_param("report-type", "delivery-status")
    report["From"] = "MAILER-DAEMON@mx.example.net"
    report["To"] = "desk@closeloop.example"
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Message-ID"] = "<20260302.1@mx.example.net>"
    report.attach(MIMEText("Your message could not be delivered.", "plain", "us-ascii"))
    status = "5.1.1" if action == "failed" else "4.4.1"
    fields = STATUS.format(recipient=recipient, action=action, status=status)
    report.attach(Parser().parsestr(f"Content-Type: message/delivery-status\n\n{fields}"))
    head = f"From: desk@closeloop.example\nTo: {sent_to or recipient}\nMessage-ID: {returned_id or message_id(key)}\n"
    kind = "text/rfc822-headers" if headers_only else "message/rfc822"
    report.attach(Parser().parsestr(f"Content-Type: {kind}\n\n{head}\n" + ("" if headers_only else "We will call.\n")))
    return report.as_bytes(policy=SMTP)


def ordinary_mail() -> bytes:
    """Return a mail that is no report."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "wang@example.com", "desk@closeloop.example", "Out of office"
    mail.set_content("I am back on Monday.")
    return mail.as_bytes()
