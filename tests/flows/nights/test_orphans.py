"""The night removes what uploads left, and goes on where their place cannot be reached (A10)."""

import asyncio
from pathlib import Path

import pytest

from engine.attachments.upload import Upload, upload
from flows.nights.overnight_escalation import escalate_overnight
from flows.work import Work
from tests.case_actions import DAY, MICROSECOND, START, new_case
from tests.engine.attachments.evidence import LIMITS, WAYBILL, attach_files, contents_in, principal_of
from tests.flows.scenes import drained

pytestmark = [
    pytest.mark.requirement("A10"),
    pytest.mark.usefixtures("awaited_are_not_told"),
]


@pytest.fixture
def kept(work: Work) -> list[Path]:
    """The contents that a move names; beside them lies an upload that none names."""
    number = new_case(work.store)
    attach_files(work.store, number, ("a.txt", WAYBILL))
    kept = contents_in(work.store)
    upload(work.store, principal_of(work.store), number, [Upload("b.txt", WAYBILL)], LIMITS, START)
    return kept


def test_the_night_removes_an_upload_that_no_move_named(work: Work, kept: list[Path]):
    drained(work, 2 * DAY)
    asyncio.run(escalate_overnight(work))
    assert len(contents_in(work.store)) == 2
    drained(work, 2 * DAY + MICROSECOND)
    night = asyncio.run(escalate_overnight(work))
    assert contents_in(work.store) == kept
    assert night.verdict.ok


def test_the_night_goes_on_where_the_place_cannot_be_reached(work: Work, kept: list[Path]):
    work.store.attachments = "nonsense://nowhere"
    drained(work, 3 * DAY)
    night = asyncio.run(escalate_overnight(work))
    assert [fault.what for fault in night.verdict.faults] == ["attachment_unreadable"]
