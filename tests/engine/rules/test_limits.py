"""Limits by severity, channel and customer: the override with the most matching conditions applies."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars.calendar import calendar
from engine.calendars.deadlines import Unit
from engine.rules.limits import Limit, When, budget_of
from engine.rules.policy import load_pack
from models.columns import MICROSECOND, to_micros
from models.contact import Channel, CustomerType
from statemachines.forms import Severity
from tests.case_actions import START
from tests.engine.rules.sample_rules import VALID_PACK, pack_with_overrides, write_pack

ANYBODY: dict[str, str | None] = {"severity": None, "channel": None}


@pytest.mark.requirement("A5")
@pytest.mark.parametrize(
    ("traits", "expected"),
    [
        ({}, (2, "hours", "cn-hotline", "D 1")),
        ({"severity": None, "channel": None}, (2, "hours", "cn-hotline", "D 1")),
        ({"severity": "high", "channel": "sms"}, (2, "hours", "cn-hotline", "D 1")),
        ({"severity": "urgent", "channel": "sms"}, (30, "hours", "cn-hotline", "D 1a")),
        ({"severity": "normal", "channel": "mail"}, (3, "days", "cn-office", "D 1b")),
        ({"severity": "urgent", "channel": "mail"}, (1, "hours", "cn-hotline", "D 1c")),
    ],
    ids=lambda value: " ".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_the_most_specific_override_applies(tmp_path: Path, traits: dict[str, str | None], expected: object):
    limit = pack_with_overrides(tmp_path).limit("first_reply", traits)
    assert limit is not None
    assert (limit.amount, limit.unit, limit.calendar, limit.source) == expected
    assert limit.when == ()


UNSET = {
    "a blank override": ("first_reply", {"severity": "low", "channel": "sms"}),
    "a blank clause": ("solution", ANYBODY),
    "a clause that the pack does not mention": ("revisit", ANYBODY),
    "a contradictory override": ("solution", {"severity": "urgent"}),
}


@pytest.mark.parametrize("place", UNSET)
def test_a_limit_without_an_amount_is_not_set(tmp_path: Path, place: str):
    clause, traits = UNSET[place]
    rules = pack_with_overrides(tmp_path)
    assert rules.limit(clause, traits) is None
    assert rules.is_unset(clause, traits)


def test_a_contradictory_limit_is_not_set(tmp_path: Path):
    text = VALID_PACK.replace('source = "D 2: left blank"', 'source = "D 2: 24 hours"\ncontradicts = "D 9: a day"')
    rules = load_pack(write_pack(tmp_path, text))
    assert rules.limit("solution", {}) is None
    assert rules.is_unset("solution", {})


@pytest.mark.requirement("A5")
def test_an_override_may_depend_on_the_type_of_customer(tmp_path: Path):
    row = '\n[[clauses.first_reply.when]]\ncustomer_type = "key_account"\namount = 1\nsource = "D 1e"\n'
    loaded = load_pack(write_pack(tmp_path, VALID_PACK + row))
    limits = {
        kind: loaded.limit("first_reply", {"customer_type": kind}) for kind in (None, "enterprise", "key_account")
    }
    assert [limit and limit.amount for limit in limits.values()] == [2, 2, 1]


@pytest.mark.parametrize(
    ("unit", "name", "budget"),
    [
        ("hours", "cn-office", timedelta(hours=8)),
        ("business_hours", "cn-office", timedelta(hours=8)),
        ("days", "cn-hotline", timedelta(days=8)),
        ("business_days", "cn-office", timedelta(days=10, hours=9)),
    ],
)
def test_a_budget_is_counted_in_the_given_calendar(unit: str, name: str, budget: timedelta):
    """``START`` is a Monday at nine; eight working days later is a Thursday at close."""
    limit = Limit(amount=8, unit=Unit(unit), source="D")
    assert budget_of(limit, calendar(name), to_micros(START)) * MICROSECOND == budget


CASES = st.fixed_dictionaries(
    {
        "severity": st.sampled_from([None, *(severity.value for severity in Severity)]),
        "channel": st.sampled_from([None, *(channel.value for channel in Channel)]),
        "customer_type": st.sampled_from([None, *(kind.value for kind in CustomerType)]),
    }
)
ROWS = st.lists(
    st.builds(
        When,
        severity=st.sampled_from([None, Severity.URGENT, Severity.LOW]),
        channel=st.sampled_from([None, Channel.MAIL, Channel.SMS]),
        customer_type=st.sampled_from([None, CustomerType.KEY_ACCOUNT]),
        amount=st.integers(1, 99),
        source=st.uuids().map(str),
    ),
    max_size=4,
)


@given(ROWS, CASES)
def test_a_valid_limit_has_one_most_specific_override(rows: list[When], traits: Mapping[str, str | None]):
    try:
        limit = Limit(amount=100, unit=Unit.HOURS, source="general", when=tuple(rows))
    except ValueError:
        return
    matching = [row for row in rows if row.holds(traits)]
    most = max((len(row.traits) for row in matching), default=0)
    best = [row.source for row in matching if len(row.traits) == most]
    assert best in ([], [limit.of(traits).source])
    assert best or limit.of(traits).amount == 100
