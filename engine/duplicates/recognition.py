"""Keyed hashes by which a customer and a shipment are recognised again, stored in place of the numbers (A6, A9)."""

from engine.ledger.chain import keyed
from models.contact import Contact


def identity_of(secret: bytes, contact: Contact) -> str | None:
    """Return the key of a customer: of the phone number, else of the e-mail address; None without either (A9)."""
    address = _digits(contact.phone) or contact.email
    return keyed(secret, "party", address.casefold()) if address else None


def shipment_key(secret: bytes, shipment: str | None) -> str | None:
    """Return the key of a shipment, the same however its number is spaced and cased; None without a number (A6)."""
    number = "".join(sign for sign in (shipment or "").casefold() if sign.isalnum())
    return keyed(secret, "shipment", number) if number else None


def _digits(phone: str | None) -> str:
    return "".join(sign for sign in phone or "" if sign.isdigit())
