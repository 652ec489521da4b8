"""A case's page says whom it waits for, and of each breach the promise, the share, the deadline and who is asked."""

from datetime import timedelta

import pytest

from engine.store import Store
from flows.work import Work
from locales.zone import read_in, zone_for
from reports.case_page import Form, page
from reports.case_reasons import reasons, waits_for
from reports.staff import Staff
from statemachines.roles import Role
from tests.case_actions import DIRECTOR, HOUR, MANAGER, START, SUPERVISOR, make_move, new_case
from tests.flows.scenes import DAMAGE, drained

NIGHT = 18 * HOUR


@pytest.fixture
def late(work: Work) -> str:
    """A complaint that nobody answered, up to the evening: its first reply was due after two hours."""
    number = new_case(work.store, text=DAMAGE)
    drained(work, timedelta())
    drained(work, NIGHT)
    return number


def case_row(store: Store, number: str):
    with store.looking() as tx:
        return tx.row("SELECT * FROM cases WHERE number = :number", number=number)


def text_of(store: Store, number: str, locale: str = "en") -> str:
    found = page(store, number, START + NIGHT, locale)
    assert found is not None
    return found.text


def test_each_step_gives_its_promise_share_deadline_and_whom_it_asks(work: Work, late: str):
    with work.store.looking() as tx:
        found = [
            reason
            for reason in reasons(tx, case_row(work.store, late), Staff.read(tx, START))
            if reason.clause == "first_reply"
        ]
    assert [(reason.percent, reason.level, reason.asked[1]) for reason in found] == [
        (200, 3, (DIRECTOR,)),
        (150, 2, (MANAGER,)),
        (100, 1, (SUPERVISOR,)),
        (75, 0, ("han",)),
    ]
    assert {reason.deadline for reason in found} == {START + 2 * HOUR}, "the promise's deadline, not the step's instant"
    assert found[0].at == START + 4 * HOUR


def test_the_page_shows_it_in_words(work: Work, late: str):
    lines = text_of(work.store, late).splitlines()
    assert "| 03-02 13:00 | First reply | 200 % | 03-02 11:00 | General manager gao |" in lines
    assert "| 03-02 12:00 | First reply | 150 % | 03-02 11:00 | Department manager mei |" in lines


def test_a_reminder_before_the_deadline_names_the_deadline_to_come(work: Work):
    number = new_case(work.store, text=DAMAGE)
    drained(work, 1.6 * HOUR)
    with work.store.looking() as tx:
        [reminded] = reasons(tx, case_row(work.store, number), Staff.read(tx, START))
    assert (reminded.percent, reminded.deadline) == (75, START + 2 * HOUR)


def test_a_promise_that_was_met_since_is_said_to_be(work: Work, late: str):
    make_move(work.store, late, "reply", after=NIGHT)
    assert "First reply (done since)" in text_of(work.store, late)


def test_a_move_by_a_person_is_a_reason_too(work: Work):
    number = new_case(work.store)
    make_move(work.store, number, "escalate", level=2)
    assert f"” by {SUPERVISOR} | – | – | Department manager {MANAGER} |" in text_of(work.store, number)


def test_it_waits_for_one_role_and_only_for_those_who_hold_it(work: Work):
    number = new_case(work.store, text=DAMAGE)
    make_move(work.store, number, "classify")
    make_move(work.store, number, "assign")
    row = case_row(work.store, number)
    with work.store.looking() as tx:
        role, handles = waits_for(row, Staff.read(tx, START))
    assert (role, handles) == (Role.HANDLER, ("han",))
    waiting = next(line for line in text_of(work.store, number).splitlines() if line.startswith("| Waits for"))
    assert waiting == "| Waits for | Handler han |"


def test_a_role_that_nobody_holds_is_said_to_be_empty(work: Work):
    number = new_case(work.store)
    with work.store.writing() as tx:
        tx.run("UPDATE actor SET roles = 'auditor' WHERE handle <> 'system'")
    assert "nobody holds this role" in text_of(work.store, number).splitlines()[2]


def test_the_zone_of_its_times_is_named(work: Work, late: str):
    assert text_of(work.store, late).rstrip().endswith("Times in Asia/Shanghai (UTC+8).")
    with read_in(zone_for("Europe/Berlin", {"Europe/Berlin"})):
        berlin = text_of(work.store, late)
    assert "| 03-02 06:00 | First reply | 200 % | 03-02 04:00 |" in berlin
    assert "Times in Europe/Berlin (UTC+1)." in berlin


@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW", "en"])
def test_the_summary_says_why_and_links_to_the_forms(work: Work, late: str, locale: str):
    form = Form("act", "../../deployments/deployment/1/run?parameters=%7B%7D")
    found = page(work.store, late, START + NIGHT, locale, [form])
    assert found is not None
    assert f"[act]({form.address})" in found.summary
    assert "200 %" in found.summary
    assert found.version == case_row(work.store, late).version
    assert not any(part in found.text for part in ("story.", "board.", "report.", "{"))


def test_a_number_that_is_none_has_no_page(work: Work):
    assert page(work.store, "cp-26-999999", START, "en") is None
