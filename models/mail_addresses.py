"""Read mail addresses by RFC 5321, and tell one person's own from an office's and from those that nobody reads."""

import re
from functools import lru_cache

from models.identifiers import CLOSING, READ_TWICE, Identifier, Quality, as_text, is_spoiled
from models.placeholders import is_placeholder, plain

OFFICE = frozenset({
    "info", "office", "service", "services", "sales", "admin", "administrator", "contact", "hello", "support", "help",
    "helpdesk", "kefu", "hr", "marketing", "billing", "accounts", "accounting", "finance", "reception", "mail", "team",
    "customerservice", "customer.service", "customer-service", "cs", "postmaster", "webmaster", "hostmaster", "abuse",
    "enquiries", "inquiries", "complaints", "logistics", "shipping", "orders", "order",
})  # fmt: skip
"""Mailboxes of an office, by RFC 2142 and by custom."""
NO_MAILBOX = frozenset({
    "noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "nobody", "none", "null", "nil", "na", "n/a", "no",
    "test", "noemail", "nomail", "no-email", "no.email", "unknown", "undefined", "anonymous", "notprovided",
})  # fmt: skip
"""Mailboxes that nobody reads, written where a program demands an address."""
NAMED = re.compile(r'(?:"[^"@]*"|[^<>@,;"]*)\s*<\s*([^<>]*?)\s*>')
COMMENT = re.compile(r"(.*@[^()\s]+)\s*\([^()@]*\)")
"""An address with a comment, as RFC 5322 allows."""
MAIL_LABEL = re.compile(
    r"(?:e-?mail|mail|电子邮箱|電子郵箱|电子邮件|電子郵件|邮箱|郵箱|信箱|邮件|郵件)\s*:\s*(?=\S)", re.IGNORECASE
)
MAILTO = re.compile(r"mailto:([^?]*)(?:\?.*)?", re.IGNORECASE)
FEWEST_MAILBOX_DIGITS = 5
"""The mailboxes of QQ have at least so many digits."""
ONE_LETTER_DOMAIN = re.compile(r"\.[a-z]", re.IGNORECASE)
"""No top-level domain has one letter."""


@lru_cache(READ_TWICE)
def mail_address(text: str) -> Identifier:
    """Read a mail address by RFC 5321, as ``wang@example.com`` or ``王女士 <wang@example.com>``.

    The normal form is in lower case, its domain as the DNS writes it. ``written`` keeps the case of the mailbox.
    """
    shown = plain(text)
    address = shown.replace("。", ".").rstrip(CLOSING) or shown
    for form in (MAILTO, NAMED, COMMENT):
        if (match := form.fullmatch(address)) is not None:
            address = match[1]
    address = as_text(MAIL_LABEL.sub("", address, count=1) if MAIL_LABEL.match(address) else address)
    if is_spoiled(address):
        return Identifier(Quality.SPOILED, shown)
    if is_placeholder(address):
        return Identifier(Quality.PLACEHOLDER, shown)
    if address.count("@") == 1 and re.search(r"[*●•█…]|\.{3,}|[xX]{3,}@|[xX]{4,}", address):
        return Identifier(Quality.MASKED, shown)
    if (valid := _in_mail_syntax(address)) is not None:
        return valid
    return Identifier(Quality.SEVERAL if address.count("@") > 1 else Quality.INVALID, shown)


def _digits_for_nothing(mailbox: str, written: str) -> bool:
    """Return whether a mailbox of digits counts nothing, as 123456@qq.com and 1@1.com; 12@example.com may be real."""
    if not mailbox.isdecimal() or not is_placeholder(mailbox):
        return False
    of_zeros = len(mailbox) > 1 and not mailbox.strip("0")
    return of_zeros or len(mailbox) >= FEWEST_MAILBOX_DIGITS or is_placeholder(written.partition("@")[2].split(".")[0])


def _in_mail_syntax(address: str) -> Identifier | None:
    import email_validator as syntax  # 35 ms, and only where somebody gives an address

    try:
        parsed = syntax.validate_email(
            address, check_deliverability=False, allow_smtputf8=False, test_environment=True, strict=True
        )
    except syntax.EmailNotValidError:
        return None
    written = parsed.ascii_email or parsed.normalized
    mailbox = parsed.local_part.casefold()
    if ONE_LETTER_DOMAIN.fullmatch(written[-2:]):
        return None
    if mailbox in NO_MAILBOX or _digits_for_nothing(mailbox, written):
        return Identifier(Quality.PLACEHOLDER, written)
    shared = mailbox.partition("+")[0] in OFFICE
    return Identifier(Quality.SHARED if shared else Quality.PERSONAL, written, written.casefold())
