"""Steps that were history when they were recorded are mailed once, in the digest of the day on which they were."""

from datetime import timedelta

import pytest

from engine.create_store import set_clock
from engine.escalation.fire import fire_due
from flows.nights.digest import send_digests
from flows.work import Work
from tests.case_actions import DAY, HOUR, START, new_case
from tests.flows.scenes import ODD, sent_mails
from tests.one_thread import run_in_one_thread

pytestmark = [pytest.mark.requirement("B11"), pytest.mark.any_database]

MIDNIGHT = START + 15 * HOUR
"""The first instant of 3 March in Shanghai."""
MORNING = timedelta(hours=7.5)


def digests(work: Work, days: int) -> list[str]:
    """Send the digests on the morning so many days after ``MIDNIGHT``; return the days of all that were sent so far."""
    set_clock(work.store, MIDNIGHT + days * DAY + MORNING)
    run_in_one_thread(send_digests(work))
    return [mail.key.split(":")[1] for mail in sent_mails(work) if mail.key.startswith("digest:")]


@pytest.fixture
def recorded_at_midnight(work: Work) -> Work:
    """A case whose first steps are recorded hours late, at the first instant of 3 March."""
    new_case(work.store, text=ODD)
    set_clock(work.store, MIDNIGHT)
    assert fire_due(work.store, MIDNIGHT).fired
    return work


@pytest.mark.parametrize("days", [1, 7])
def test_each_of_the_past_seven_days_has_a_digest_from_its_first_instant(recorded_at_midnight: Work, days: int):
    sent = digests(recorded_at_midnight, days)
    assert set(sent) == {"2026-03-03"}
    assert digests(recorded_at_midnight, days) == sent, "and is sent once"


@pytest.mark.parametrize("days", [0, 8])
def test_neither_the_present_day_nor_an_earlier_one_has_a_digest(recorded_at_midnight: Work, days: int):
    assert digests(recorded_at_midnight, days) == []
