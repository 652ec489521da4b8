"""The rules in force: the published edition at an instant, else the shipped file, separately for each store."""

from datetime import timedelta
from pathlib import Path

import pytest

from engine.calendars.calendar import calendar
from engine.rules.in_force import LONG_AGO, SHIPPED, Rules, Sort, rules_in, rules_of
from engine.rules.policy import names, pack
from engine.rules.publishing import publish
from engine.settings import Settings
from engine.store import Store
from models.columns import to_micros
from tests.case_actions import DAY, SECRET, START, refusal
from tests.engine.rules.sample_rules import EVA, OFFICE, add_evaluator, pack_text


def publish_edition(store: Store, text: str, after: timedelta = timedelta(), sort: str = "pack") -> None:
    publish(store, sort, text, EVA, START, START + after, "decided")


def first_reply_hours(rules: Rules, name: str, after: timedelta) -> int | None:
    limit = rules.pack(name, to_micros(START + after)).limit("first_reply", {})
    return limit and limit.amount


def test_without_an_edition_the_shipped_files_apply(store: Store):
    rules = rules_of(store)
    assert rules == SHIPPED
    assert rules.pack("logistics", 0) is pack("logistics")
    assert rules.calendar("cn-office") is calendar("cn-office")
    assert rules.names(Sort.PACK) == names()


@pytest.mark.requirement("F4")
def test_an_edition_applies_from_its_instant(store: Store):
    add_evaluator(store)
    publish_edition(store, pack_text("logistics", 4), after=DAY)
    publish_edition(store, pack_text("logistics", 6, "3"), after=3 * DAY)
    rules = rules_of(store)
    instants = (timedelta(), DAY - timedelta(microseconds=1), DAY, 2 * DAY, 3 * DAY, 400 * DAY)
    assert [first_reply_hours(rules, "logistics", after) for after in instants] == [2, 2, 4, 4, 6, 6]
    assert rules.pack("shipping", to_micros(START + 9 * DAY)) is pack("shipping")


def test_of_two_editions_of_one_instant_the_later_applies(store: Store):
    add_evaluator(store)
    publish_edition(store, pack_text("logistics", 4), after=DAY)
    publish_edition(store, pack_text("logistics", 6, "3"), after=DAY)
    assert first_reply_hours(rules_of(store), "logistics", DAY) == 6


def test_the_rules_in_force_are_the_same_from_one_edition_to_the_next(store: Store):
    add_evaluator(store)
    assert rules_of(store).unchanged_since(to_micros(START)) == LONG_AGO
    for version, after in (("2", DAY), ("3", 3 * DAY)):
        publish_edition(store, pack_text("logistics", 4, version), after)
    rules = rules_of(store)
    since = [rules.unchanged_since(to_micros(START + after)) for after in (DAY / 2, DAY, 2 * DAY, 3 * DAY, 4 * DAY)]
    assert since == [LONG_AGO, *[to_micros(START + after) for after in (DAY, DAY, 3 * DAY, 3 * DAY)]]


def test_a_pack_without_a_shipped_file_exists_from_its_first_edition(store: Store):
    add_evaluator(store)
    publish_edition(store, pack_text("cold-chain", 1), after=DAY)
    rules = rules_of(store)
    assert first_reply_hours(rules, "cold-chain", DAY) == 1
    refused = refusal(lambda: rules.pack("cold-chain", to_micros(START)))
    assert (refused.code, refused.params["known"]) == ("unknown_pack", sorted(["cold-chain", *names()]))


@pytest.mark.parametrize("name", ["moon", "../logistics", "calendars"])
def test_an_unknown_name_is_refused(sqlite_store: Store, name: str):
    rules = rules_of(sqlite_store)
    assert refusal(lambda: rules.pack(name, 0)).params == {"pack": name, "known": names()}
    refused = refusal(lambda: rules.calendar(name))
    assert (refused.code, refused.params["calendar"]) == ("unknown_calendar", name)
    assert "cn-office" in refused.params["known"]


def test_the_newest_calendar_applies_at_once_and_for_every_instant(store: Store):
    add_evaluator(store)
    publish_edition(store, OFFICE, sort="calendar")
    office = rules_of(store).calendar("cn-office")
    assert (office.weekdays, office.covered_until) == ((0,), None)
    assert calendar("cn-office").weekdays == (0, 1, 2, 3, 4)
    assert rules_of(store).calendar("cn-office") is office, "the calendar is cached"


def test_a_transaction_sees_the_editions_published_before_it(store: Store):
    add_evaluator(store)
    with store.looking() as early:
        assert rules_in(early) == SHIPPED
        publish_edition(store, pack_text("logistics", 4))
        assert rules_in(early).pack("logistics", to_micros(START)).version == pack("logistics").version
    assert rules_of(store).pack("logistics", to_micros(START)).version == "2"


def test_two_stores_in_one_process_have_separate_rules(sqlite_store: Store, tmp_path: Path, sqlite_template: Path):
    other_home = tmp_path / "other"
    other_home.mkdir()
    (other_home / "closeloop.db").write_bytes(sqlite_template.read_bytes())
    other = Settings(home=other_home, secret=SECRET).store()
    for store, amount in ((sqlite_store, 4), (other, 5)):
        add_evaluator(store)
        publish_edition(store, pack_text("logistics", amount))
    assert [first_reply_hours(rules_of(store), "logistics", DAY) for store in (sqlite_store, other)] == [4, 5]
    other.close()
