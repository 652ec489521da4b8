"""Mails lead people to pages: only those who run the installation are told of commands."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from flows.work import Work
from locales.translation import catalogue, locales
from tests.case_actions import AGENT, make_move, new_case
from tests.flows.scenes import DAMAGE, drained, sent_mails

OPERATORS = {"alert_run_failed", "alert_night_missing", "dead", "parked", "integrity"}
"""Mails to administrators and to whoever watches the nights."""


@pytest.mark.parametrize("locale", locales())
def test_no_mail_but_those_to_operators_names_a_command(locale: str):
    bodies = {key: text for key, text in catalogue(locale).items() if re.fullmatch(r"mail\..*\.body", key)}
    assert {key.split(".")[1] for key, body in bodies.items() if "closeloop " in body} == OPERATORS


@pytest.mark.usefixtures("awaited_are_not_told")
@pytest.mark.parametrize(
    ("site", "where"),
    [("https://a.example", "  https://a.example/console/cases/{}\n"), (None, "  closeloop case show {}\n")],
    ids=["the page of the case", "without a site the command"],
)
def test_staff_are_led_to(work: Work, site: str | None, where: str):
    work = replace(work, public_url=site)
    number = new_case(work.store, text=DAMAGE)
    drained(work, timedelta())
    make_move(work.store, number, "follow_up", AGENT, words="Any news?")
    drained(work, timedelta(minutes=1))
    [told] = [mail for mail in sent_mails(work) if "followed_up" in mail.key]
    assert where.format(number) in told.body
