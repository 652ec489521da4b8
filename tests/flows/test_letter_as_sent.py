"""A customer reads one greeting in each letter, and the letter that was previewed."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from apps.reply_templates import filled_template, templates_for
from engine.commands.advance import advance
from engine.commands.command import Command
from flows.customer_letters import render
from flows.letter_preview import KEY, letter_of
from flows.work import Work
from gateways.mail import FakeMailer
from locales.translation import locales
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Speech
from tests.case_actions import AGENT, START, new_case
from tests.flows.scenes import ODD, drained

pytestmark = pytest.mark.any_database

GREETING = re.compile(r"^(?:Dear|Hello|Hi|Good day)\b|您好|你好|尊敬的|亲爱的|親愛的", re.MULTILINE)
PORTAL = "https://care.example.com/portal"
CASES = [
    (kind, code, locale)
    for kind, table in sorted(lifecycles().items())
    if not table.internal
    for code, _ in templates_for(kind, "en")
    for locale in sorted(locales())
]


@pytest.mark.parametrize(("kind", "code", "locale"), CASES)
def test_a_letter_from_a_template_greets_once(kind: str, code: str, locale: str):
    text = filled_template(code, kind, "cp-26-000001", [], locale)
    assert text is not None
    letter = render(Speech(("message",)), "cp-26-000001", {"message": text}, locale)
    assert text in letter.body
    assert len(GREETING.findall(letter.body)) == 1, letter.body


@pytest.mark.parametrize("locale", sorted(locales()))
@pytest.mark.parametrize("portal_url", [PORTAL, None])
def test_the_letter_is_the_one_that_was_previewed_but_for_the_key_of_its_link(
    work: Work, locale: str, portal_url: str | None
):
    work = replace(work, portal_url=portal_url)
    number = new_case(work.store, text=ODD, email="wang@example.com", language=locale)
    form = {"message": "We look into it.\n\nPlease wait."}
    shown = letter_of(work.store, number, "reply", form, "en", portal_url)
    advance(work.store, Command(number, "reply", form, actor=AGENT), START)
    drained(work, timedelta())
    assert isinstance(work.mailer, FakeMailer)
    (sent,) = [mail for mail in work.mailer.sent if mail.to == "wang@example.com" and mail.subject == shown.subject]
    without_key = re.sub(rf"(/link/{number}\.)\S+", rf"\g<1>{KEY}", sent.body)
    assert without_key == shown.body
    assert (f"{PORTAL}/link/{number}.{KEY}" in shown.body) is (portal_url is not None)
