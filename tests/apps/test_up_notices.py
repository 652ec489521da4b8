"""`up` says in red how many notices reached nobody: at its start, whenever there are more, and when all is well."""

import io
from typing import Any

import pytest
from rich.console import Console

from apps.cli import processes
from apps.cli.context import cli
from apps.up_notices import NoticeWatch
from engine.create_store import set_clock
from engine.outbox.mails import NO_ADDRESS, REFUSED, SENT, MailOutcome, settle_mails
from engine.store import Store
from locales.translation import translate
from tests.case_actions import DAY, HOUR, START

pytestmark = pytest.mark.requirement("B6")


class Printed:
    """The lines that a watch prints, in a language."""

    def __init__(self, store: Store, locale: str = "en") -> None:
        self.locale = locale
        self.lines: list[str] = []
        self.watch = NoticeWatch(store, locale, self._tell)

    def _tell(self, key: str, **params: Any) -> None:
        self.lines.append(translate(self.locale, f"cli.{key}", **params))

    def look(self) -> list[str]:
        """Return what one look prints."""
        self.lines.clear()
        self.watch.look()
        return list(self.lines)


def mailed(store: Store, key: str, outcome: str) -> None:
    settle_mails(store, [MailOutcome(key, "sue", outcome)], store.now())


def test_it_is_printed_at_the_start_when_there_are_more_and_when_there_are_none(store: Store):
    mailed(store, "a", REFUSED)
    printed = Printed(store)
    [first] = printed.look()
    assert first.startswith("✗ ")
    assert "Notices that reached nobody: 1" in first
    assert printed.look() == [], "nothing has changed"

    mailed(store, "b", NO_ADDRESS)
    [second] = printed.look()
    assert "Notices that reached nobody: 2" in second
    assert "closeloop actor set HANDLE --email ADDRESS" in second, "each cause has its remedy"

    for key in ("a", "b"):
        store_sent(store, key)
    [last] = printed.look()
    assert last.startswith("✓ ")
    assert printed.look() == []


def store_sent(store: Store, key: str) -> None:
    """A refused mail is sent at a later try, and so is one whose address was entered meanwhile."""
    mailed(store, key, SENT)


def test_a_house_whose_notices_arrive_prints_nothing(store: Store):
    assert Printed(store).look() == []


def test_what_is_older_than_a_day_is_no_news_and_what_comes_after_it_is(sqlite_store: Store):
    printed = Printed(sqlite_store)
    mailed(sqlite_store, "a", REFUSED)
    set_clock(sqlite_store, START + 23 * HOUR)
    mailed(sqlite_store, "b", REFUSED)
    assert "reached nobody: 2" in printed.look()[0]
    set_clock(sqlite_store, START + DAY + HOUR)
    assert printed.look() == [], "one is left, which was printed"
    mailed(sqlite_store, "c", REFUSED)
    assert "reached nobody: 2" in printed.look()[0]


@pytest.mark.parametrize("locale", ["en", "zh_CN", "zh_TW"])
def test_it_is_red_in_every_language(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch, locale: str):
    out = io.StringIO()
    monkeypatch.setenv("CLOSELOOP_LOCALE", locale)
    monkeypatch.setattr(cli, "err", Console(file=out, force_terminal=True, width=80, color_system="standard"))
    mailed(sqlite_store, "a", REFUSED)
    NoticeWatch(sqlite_store, locale, processes.tell).look()
    assert "\x1b[1;31m✗" in out.getvalue()
    assert translate(locale, "undelivered.total", count=1) in out.getvalue()
