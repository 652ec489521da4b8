"""What waits in a mailbox is taken in whole and once, whatever fails on the way."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import cast

import pytest

from engine.attachments.content_types import Limits
from engine.store import Store
from flows import mail_intake
from flows.mail_intake import Desk, Outcome, fetch
from flows.tick import drain
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.mailboxes import FetchedMail, MailboxSettings
from tests.case_actions import START, add_staff
from tests.gateways.bounce_mails import bounce
from tests.gateways.incoming_mails import CUSTOMER, PICTURE, awkward_mails, mail

pytestmark = [pytest.mark.requirement("A1"), pytest.mark.requirement("A10")]

BOX = MailboxSettings.model_validate(
    {"name": "service", "host": "imap.example.com", "user": "service", "password_file": "imap.password"}
)


class Waiting:
    """A mailbox in memory, which may fail when a mail is filed away."""

    def __init__(self, *contents: bytes | None) -> None:
        self.waiting = [FetchedMail(str(uid), START, content) for uid, content in enumerate(contents)]
        self.filed: list[tuple[str, str]] = []
        self.fails = 0

    def mails(self) -> Iterator[FetchedMail]:
        yield from list(self.waiting)

    def file_away(self, mail: FetchedMail, folder: str) -> None:
        if self.fails:
            self.fails -= 1
            raise OSError("gone")
        self.waiting.remove(mail)
        self.filed.append((mail.uid, folder))


@pytest.fixture
def desk(store: Store) -> Desk:
    add_staff(store)
    return Desk(store, Limits(), "en")


def taken(desk: Desk, box: Waiting) -> dict[Outcome, int]:
    return dict(fetch(desk, box, BOX, START + timedelta(minutes=5)))


def with_picture() -> bytes:
    message = mail()
    message.add_attachment(PICTURE, maintype="image", subtype="png", filename="broken.png")
    message.add_attachment(b"MZ\x00", maintype="application", subtype="x-msdownload", filename="virus.exe")
    return bytes(message)


def counts(store: Store) -> tuple[int, int]:
    with store.looking() as tx:
        return tx.row("SELECT count(*) AS n FROM cases").n, tx.row("SELECT count(*) AS n FROM attachment").n


def test_a_mail_becomes_a_case_with_its_files_and_says_what_was_left_out(desk: Desk):
    box = Waiting(with_picture())
    assert taken(desk, box) == {Outcome.CASE: 1}
    assert counts(desk.store) == (1, 1)
    with desk.store.looking() as tx:
        texts = [row.content for row in tx.rows("SELECT content FROM statement WHERE field = 'text'")]
        assert tx.row("SELECT email FROM party").email == CUSTOMER
    assert len(texts) == 1
    assert texts[0].startswith("我的箱子破了。")
    assert "virus.exe" in texts[0]
    assert box.filed == [("0", "closeloop-taken")]


def test_each_sort_of_mail_is_filed_where_people_look_for_it(desk: Desk):
    box = Waiting(
        bytes(mail()), bytes(mail(Auto_Submitted="auto-replied")), bounce("cp-26-000009:1:x", CUSTOMER), b"\x00", None
    )
    assert taken(desk, box) == {Outcome.CASE: 1, Outcome.AUTOMATIC: 1, Outcome.BOUNCE: 1, Outcome.PROBLEM: 2}
    folders = [folder for _, folder in box.filed]
    assert folders == ["closeloop-taken", "closeloop-automatic", "closeloop-taken", *["closeloop-problems"] * 2]
    assert counts(desk.store)[0] == 1


def test_whoever_is_killed_before_a_mail_is_filed_away_doubles_nothing(desk: Desk):
    box = Waiting(with_picture())
    for _ in range(3):
        box.fails = 1
        with pytest.raises(OSError, match="gone"):
            taken(desk, box)
    assert taken(desk, box) == {Outcome.KNOWN: 1}
    assert counts(desk.store) == (1, 1)


@pytest.mark.parametrize("step", ["read_mail", "take_contact", "system_principal", "attach"])
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_whoever_is_killed_between_two_steps_loses_and_doubles_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str, done: bool
):
    class Killed(BaseException):
        pass

    real = getattr(mail_intake, step)

    def killed(*args: object, **named: object) -> object:
        if done:
            real(*args, **named)
        raise Killed

    box = Waiting(with_picture())
    with monkeypatch.context() as patched:
        patched.setattr(mail_intake, step, killed)
        with pytest.raises(Killed):
            taken(desk, box)
    assert sum(taken(desk, box).values()) == 1
    assert counts(desk.store) == (1, 1)
    assert box.filed == [("0", "closeloop-taken")]


def test_a_mail_without_words_is_a_case_all_the_same(desk: Desk):
    assert taken(desk, Waiting(bytes(mail("", Subject="")))) == {Outcome.CASE: 1}
    assert counts(desk.store)[0] == 1


def test_of_awkward_mails_none_is_lost_and_none_taken_twice(desk: Desk):
    box = Waiting(*awkward_mails(7, 100))
    everything = {waiting.uid for waiting in box.waiting}
    ended = taken(desk, box)
    assert {uid for uid, _ in box.filed} == everything
    assert counts(desk.store)[0] == ended.get(Outcome.CASE, 0)
    again = Waiting(*awkward_mails(7, 100))
    assert Outcome.CASE not in taken(desk, again)
    assert counts(desk.store)[0] == ended[Outcome.CASE]


def test_a_customer_who_answers_our_letter_writes_on_his_case(desk: Desk, work: Work):
    work.reply_to = "service@example.com"
    assert taken(desk, Waiting(bytes(mail()))) == {Outcome.CASE: 1}
    asyncio.run(drain(work))
    letters = [sent for sent in cast("FakeMailer", work.mailer).sent if sent.to == CUSTOMER]
    staff = [sent for sent in cast("FakeMailer", work.mailer).sent if sent.to != CUSTOMER]
    assert letters
    assert not any(sent.reply_to for sent in staff), "what staff answers is no customer's word"
    answer = mail("It is wet, too.", To=letters[0].reply_to, From="son@example.cn", Message_ID="<2@example.cn>")
    assert taken(desk, Waiting(bytes(answer))) == {Outcome.CASE: 1}
    assert counts(desk.store)[0] == 1
