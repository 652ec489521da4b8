"""Say of each row of a contact file which number or address in it cannot be used, and why."""

from collections.abc import Callable, Iterator

from gateways.contact_mapping import ContactMapping
from gateways.problems import FileNote
from models.contact import Contact
from models.identifiers import Identifier
from models.mail_addresses import mail_address
from models.telephone_numbers import phone_number
from models.waybills import waybill


def unusable_identifiers(row: int, contact: Contact, mapping: ContactMapping, region: str) -> Iterator[FileNote]:
    """Yield a note on each number and address of a row that identifies nobody; ``region`` is that of its pack."""
    readers: dict[str, Callable[[str], Identifier]] = {
        "phone": lambda text: phone_number(text, region),
        "email": mail_address,
        "shipment": waybill,
    }
    columns = dict(mapping.fields)
    if contact.case is not None and contact.email is not None:
        yield FileNote("file_note.follow_up_address", {"case": contact.case}, row, columns.get("email"))
    for field, read in readers.items():
        text = getattr(contact, field)
        if text is not None and not (identifier := read(text)).valid:
            yield FileNote(f"file_note.{field}_{identifier.quality}", row=row, column=columns.get(field))
