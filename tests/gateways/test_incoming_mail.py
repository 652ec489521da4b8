"""A mail is read as its sender wrote it, and what only a program sent is known for what it is."""

from email.headerregistry import HeaderRegistry

import pytest

from gateways.incoming_mail import Origin, read_mail
from gateways.mail import message_id
from tests.gateways.bounce_mails import bounce
from tests.gateways.incoming_mails import CUSTOMER, OUR_ADDRESS, PICTURE, awkward_mails, mail

pytestmark = pytest.mark.requirement("A1")


def test_a_mail_says_who_wrote_what_to_whom():
    read = read_mail(bytes(mail(Cc="Chef <Boss@Example.com>")))
    assert (read.origin, read.sender, read.name, read.subject, read.text) == (
        Origin.PERSON,
        CUSTOMER,
        "王女士",
        "投诉",
        "我的箱子破了。",
    )
    assert read.recipients == (OUR_ADDRESS, "boss@example.com")


@pytest.mark.parametrize("charset", ["gb2312", "gbk", "gb18030", "big5", "utf-8", "none", "iso-8859-1x"])
def test_chinese_words_arrive_in_every_charset_of_a_chinese_mailbox(charset: str):
    encoding = {"big5": "big5", "utf-8": "utf-8"}.get(charset, "gb18030")
    head = f"From: a@b.cn\r\nContent-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    assert read_mail(head.encode() + "包裹不見了請處理".encode(encoding)).text == "包裹不見了請處理"


def test_raw_chinese_in_a_subject_is_read():
    content = b"From: a@b.cn\r\nSubject: " + "投诉破损".encode("gb18030") + b"\r\n\r\nx"
    assert read_mail(content).subject == "投诉破损"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; x=y"},
        {"Precedence": "Bulk"},
        {"List_Id": "<news.example.com>"},
        {"X_Autoreply": "yes"},
        {"Return_Path": "<>"},
        {"From": "MAILER-DAEMON@mx.example.com"},
    ],
)
def test_what_a_program_sent_is_known(headers: dict[str, str]):
    assert read_mail(bytes(mail(**headers))).origin is Origin.AUTOMATIC


def test_a_person_who_says_that_he_is_one_is_believed():
    assert read_mail(bytes(mail(Auto_Submitted="no"))).origin is Origin.PERSON


def test_a_mail_of_ours_that_comes_round_is_known():
    assert read_mail(bytes(mail(Message_ID=message_id("cp-26-000001:1:acknowledge")))).origin is Origin.OURS


def test_a_mail_that_came_back_is_a_bounce():
    read = read_mail(bounce("cp-26-000001:4:send_message", CUSTOMER))
    assert read.origin is Origin.BOUNCE
    assert read.report is not None
    assert read.report.key == "cp-26-000001:4:send_message"


def test_the_mails_that_it_answers_are_named_by_their_keys():
    answered = f"<other@x> {message_id('cp-26-000001:4:send_message')}"
    assert read_mail(bytes(mail(References=answered))).answers == ("cp-26-000001:4:send_message",)


def test_attached_files_pictures_and_forwarded_mails_come_along():
    message = mail()
    message.add_attachment(PICTURE, maintype="image", subtype="png", filename="破损.png")
    message.add_attachment(mail("The first mail.", Message_ID="<0@example.cn>"))
    files = read_mail(bytes(message)).files
    assert [file.name for file in files] == ["破损.png", "file.eml"]
    assert files[0].content == PICTURE
    assert b"The first mail." in files[1].content


def test_a_mail_of_html_alone_is_read_as_text_without_scripts_and_remote_pictures():
    message = mail()
    message.clear_content()
    message.set_content("<p>Hi<br>you</p><script>x()</script><img src='http://e.vil/1.png'>", subtype="html")
    assert read_mail(bytes(message)).text == "Hi\nyou"


def test_two_mails_of_a_program_that_gives_each_the_same_message_id_are_two():
    first, second = read_mail(bytes(mail("one"))), read_mail(bytes(mail("two")))
    assert first.id != second.id
    assert read_mail(b"Received: by mx\r\n" + bytes(mail("one"))).id == first.id, "another way here, the same mail"


def test_a_mail_that_is_made_to_cost_time_is_left_to_a_person():
    head = b"From: a@b.cn\r\nContent-Type: text/html\r\n\r\n"
    assert read_mail(head + b"<div>" * 30_000).origin is Origin.UNREADABLE
    assert read_mail(head + b"<p>a</p>" * 30_000).origin is Origin.PERSON


def test_each_header_is_parsed_once(monkeypatch: pytest.MonkeyPatch):
    parsed: list[tuple[str, str]] = []
    parse = HeaderRegistry.__call__

    def counted(registry: HeaderRegistry, name: str, value: str) -> object:
        parsed.append((name, value))
        return parse(registry, name, value)

    monkeypatch.setattr(HeaderRegistry, "__call__", counted)
    message = mail()
    message.add_attachment(b"a", maintype="image", subtype="png", filename="a.png")
    content = bytes(message)
    parsed.clear()
    assert read_mail(content).origin is Origin.PERSON
    assert len(parsed) > 4
    assert len(parsed) == len(set(parsed))


@pytest.mark.parametrize("seed", range(4))
def test_no_awkward_mail_ends_in_a_traceback(seed: int):
    origins = {read_mail(content).origin for content in awkward_mails(seed, 500)}
    assert {Origin.PERSON, Origin.UNREADABLE} <= origins
