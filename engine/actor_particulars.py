"""Checks the particulars of an actor: time zone, language, mail address, telephone number."""

import re

from models.mail_addresses import mail_address
from models.telephone_numbers import phone_number
from models.zones import is_zone
from statemachines.refused import Refused

LOCALE = re.compile(r"[a-z]{2}(_[A-Z]{2})?")


def check_zone(zone: str | None) -> None:
    """Raise ``Refused('unknown_zone')`` for a name that is none of the IANA time zones."""
    if zone is not None and not is_zone(zone):
        raise Refused("unknown_zone", zone=zone[:40])


def check_locale(locale: str | None) -> None:
    """Raise ``Refused('bad_locale')`` for a text that is written like no language, as zh_CN is."""
    if locale is not None and LOCALE.fullmatch(locale) is None:
        raise Refused("bad_locale", locale=locale[:40])


def check_email(email: str | None) -> None:
    """Raise ``Refused('bad_address')`` for a text that is not one mail address."""
    if email is not None and not (address := mail_address(email)).valid:
        raise Refused("bad_address", field="email", identifier=address.quality.value)


def staff_phone(phone: str | None) -> str | None:
    """Return a telephone number in E.164. Raises ``Refused('bad_staff_phone')`` for what is not one number."""
    if phone is None:
        return None
    number = phone_number(phone)
    if not number.normal:
        raise Refused("bad_staff_phone", identifier=number.quality.value)
    return number.normal
