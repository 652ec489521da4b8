"""Renders what a customer is sent: one function for the preview and for the mail, so that he gets what was shown."""

from collections.abc import Mapping
from typing import NamedTuple

from locales.translation import translate
from statemachines.lifecycle import Lifecycle, Speech


class Letter(NamedTuple):
    """A text for a customer."""

    subject: str
    body: str


def names_portal(portal_url: str | None, table: Lifecycle, address: str | None, other_case: str | None) -> bool:
    """Return whether a letter ends with the link to its case.

    Not without a portal, to nobody's address, of an internal kind, or in a letter to the customer of another case.
    """
    return portal_url is not None and bool(address) and not table.internal and other_case is None


def render(
    speech: Speech, number: str, texts: Mapping[str, str], locale: str, link: str = "", files: int = 0
) -> Letter:  # fmt: skip
    """Return the letter that carries these texts of a move's form, in the customer's language.

    ``link`` is the address at which he sees his case; it stands at the end, where the house serves a portal. ``files``
    is how many the move names, which he opens there.
    """
    params = {"number": number, "text": "\n\n".join(texts[name] for name in speech.fields if texts.get(name)), **texts}
    subject = translate(locale, f"mail.{speech.template}.subject", **params)
    body = translate(locale, f"mail.{speech.template}.body", **params)
    if not link:
        return Letter(subject, body)
    lines = [translate(locale, "mail.portal_link.line", link=link)]
    lines += [translate(locale, "mail.portal_link.files", count=files)] if files else []
    return Letter(subject, "\n".join([f"{body}\n", *lines]))
