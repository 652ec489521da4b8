"""A customer's mail joins his case or opens one, once, and nobody writes on the case of another."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.commands.arrivals import Source
from engine.commands.mail_contacts import MailClues, case_of_mail, signed_address, take_contact
from engine.store import Store
from models.contact import Channel, Contact
from tests.case_actions import HOUR, START, add_staff

pytestmark = [pytest.mark.requirement("A1"), pytest.mark.requirement("A9")]

BOX = Source("mail:service", "complaint", "logistics")
WANG, LI = "wang@example.cn", "li@example.cn"
ADDRESS = "service@example.com"


@pytest.fixture(autouse=True)
def staff(store: Store) -> None:
    add_staff(store)


def contact(row_id: str, sender: str = WANG, text: str = "My box is broken.") -> Contact:
    return Contact(row_id=row_id, at=START, text=text, email=sender, channel=Channel.MAIL)


def first(store: Store) -> str:
    taken = take_contact(store, BOX, contact("1"), MailClues(WANG), START)
    assert taken.number is not None
    return taken.number


def joined(store: Store, clues: MailClues) -> str | None:
    with store.looking() as tx:
        return case_of_mail(tx, store.secret, clues)


def moves(store: Store, number: str) -> list[str]:
    with store.looking() as tx:
        rows = tx.rows(
            "SELECT t.move FROM transition t JOIN cases c ON c.id = t.case_id WHERE c.number = :number ORDER BY t.seq",
            number=number,
        )
    return [row.move for row in rows]


def test_a_mail_opens_one_case_however_often_it_is_taken(store: Store):
    number = first(store)
    again = take_contact(store, BOX, contact("1"), MailClues(WANG), START + HOUR)
    assert (again.number, again.new) == (number, False)


def test_who_writes_to_the_signed_address_joins_the_case_from_any_address(store: Store):
    number = first(store)
    to = signed_address(store.secret, ADDRESS, number)
    taken = take_contact(store, BOX, contact("2", LI, "It is wet, too."), MailClues(LI, [to.upper()]), START + HOUR)
    assert (taken.number, taken.new) == (number, True)
    assert moves(store, number)[-1] == "follow_up"


def test_a_forged_signature_joins_nothing(store: Store):
    number = first(store)
    to = signed_address(store.secret, ADDRESS, number)
    other = number.replace("000001", "000002")
    for forged in (f"service+{number}.{'0' * 16}@example.com", to.replace(number, other), f"service+{number}@x.y"):
        assert joined(store, MailClues(LI, [forged])) is None


@pytest.mark.parametrize("by", ["answers", "subject"])
def test_who_names_a_case_joins_it_from_his_own_address_alone(store: Store, by: str):
    number = first(store)
    clues = (
        MailClues("", answers=[f"{number}:2:send_message"])
        if by == "answers"
        else MailClues("", subject=f"Re: {number.upper()}")
    )
    assert joined(store, replace(clues, sender=f"Wang <{WANG.upper()}>")) == number
    assert joined(store, replace(clues, sender=LI)) is None
    assert joined(store, replace(clues, sender="")) is None


def test_a_number_that_no_case_has_opens_a_case(store: Store):
    assert joined(store, MailClues(WANG, subject="cp-99-999999", answers=["nonsense", ""])) is None


def test_a_mail_counts_from_when_the_mailbox_took_it_in(store: Store):
    late = START + timedelta(hours=5)
    taken = take_contact(store, BOX, contact("1"), MailClues(WANG), late)
    with store.looking() as tx:
        row = tx.row("SELECT opened_at FROM cases WHERE number = :number", number=taken.number)
    assert row.opened_at == int(START.timestamp() * 1_000_000)


def test_a_mailbox_of_an_unknown_pack_loses_nothing_and_says_why(store: Store):
    taken = take_contact(store, replace(BOX, pack="none"), contact("1"), MailClues(WANG), START)
    assert (taken.number, taken.refusal) == (None, "unknown_pack")
    with store.looking() as tx:
        assert "My box is broken." in tx.row("SELECT payload FROM arrival").payload
