"""Keyed hashes by which a customer and a shipment are recognised again, stored in place of the numbers (A6, A9)."""

from dataclasses import dataclass

from engine.ledger.chain import keyed
from models.contact import Contact
from models.identifiers import Identifier
from models.mail_addresses import mail_address
from models.person_names import person_name
from models.telephone_numbers import HOME_REGION, phone_number
from models.waybills import waybill


@dataclass(frozen=True, slots=True)
class ContactKeys:
    """What a contact says of who he is, validated, and the keys of what is valid.

    ``identity`` is the key of name, number and address together; None where neither of the two identifies.
    """

    name: str | None
    phone: Identifier | None
    email: Identifier | None
    phone_key: str | None
    email_key: str | None
    identity: str | None

    @property
    def identifying(self) -> frozenset[str]:
        """Return the keys that are one person's own."""
        pairs = ((self.phone, self.phone_key), (self.email, self.email_key))
        return frozenset(key for point, key in pairs if point is not None and point.identifies and key is not None)

    @property
    def unusable(self) -> tuple[str, ...]:
        """Return which of number and address is not valid, and why: "phone_masked", "email_several"."""
        points = (("phone", self.phone), ("email", self.email))
        return tuple(f"{name}_{point.quality}" for name, point in points if point is not None and not point.valid)

    @property
    def any(self) -> bool:
        """Return whether it has a valid number or address."""
        return self.phone_key is not None or self.email_key is not None


def keys_of(
    secret: bytes, name: str | None, phone: str | None, email: str | None, region: str = HOME_REGION
) -> ContactKeys:
    """Validate a name, a number and an address, and return the keys of what is valid."""
    number = phone_number(phone, region) if phone else None
    address = mail_address(email) if email else None
    phone_key = keyed(secret, "phone", number.normal) if number is not None and number.normal else None
    email_key = keyed(secret, "email", address.normal) if address is not None and address.normal else None
    shown = (person_name(name) or None) if name else None
    identifies = any(point is not None and point.identifies for point in (number, address))
    identity = (
        keyed(secret, "customer", (shown or "").casefold(), phone_key or "", email_key or "") if identifies else None
    )
    return ContactKeys(shown, number, address, phone_key, email_key, identity)


def contact_keys(secret: bytes, contact: Contact, region: str = HOME_REGION) -> ContactKeys:
    """Return the keys of a contact (A9)."""
    return keys_of(secret, contact.customer, contact.phone, contact.email, region)


def shipment_key(secret: bytes, shipment: str | None) -> str | None:
    """Return the key of a shipment, the same however its number is written; None without a valid number (A6)."""
    number = waybill(shipment) if shipment else None
    return keyed(secret, "shipment", number.normal) if number is not None and number.normal else None


def shipment_fault(shipment: str | None) -> tuple[str, ...]:
    """Return why a text names no shipment, as "shipment_spoiled"; nothing for a valid number, or without a text."""
    number = waybill(shipment) if shipment else None
    return () if number is None or number.normal else (f"shipment_{number.quality}",)
