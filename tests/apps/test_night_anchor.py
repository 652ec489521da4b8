"""A night whose worker has no private key verifies, and the driver anchors after it, once."""

import asyncio

from apps.night_anchor import NightAnchor
from engine.create_store import set_clock
from engine.ledger.anchoring import last_anchored
from engine.ledger.signing import PRIVATE, ensure_key
from engine.runs import Done, keep
from engine.store import Store
from flows.nights.overnight_escalation import escalate_overnight
from flows.work import Work
from gateways.schedule import OVERNIGHT
from tests.case_actions import HOUR, START, new_case


def anchored(store: Store) -> int:
    """The line of the last anchor, 0 if there is none."""
    with store.looking() as tx:
        last = last_anchored(tx)
    return 0 if last is None else last.line


def night(work: Work) -> None:
    """A night from its beginning to its record among the runs."""
    began = work.store.now()
    asyncio.run(escalate_overnight(work))
    keep(work.store, Done(OVERNIGHT, began, work.store.now(), observed=True, did=0))


def after_night(work: Work, by: NightAnchor) -> None:
    asyncio.run(by.after_night(work, work.store.now()))


def test_a_night_without_the_key_is_anchored_by_the_driver_once(work: Work):
    ensure_key(work.store.home, work.store.anchors)
    set_clock(work.store, START + HOUR)
    driver, key = NightAnchor(), work.store.home / PRIVATE
    after_night(work, driver)
    before = anchored(work.store)
    new_case(work.store)
    hidden = key.rename(key.with_suffix(".hidden"))
    night(work)
    after_night(work, driver)
    assert anchored(work.store) == before, "neither the worker nor a driver without the key signs"
    hidden.rename(key)
    after_night(work, driver)
    assert anchored(work.store) == before + 1
    for again in (driver, NightAnchor()):
        after_night(work, again)
    assert anchored(work.store) == before + 1


def test_after_a_night_that_anchored_the_driver_does_nothing(work: Work):
    new_case(work.store)
    night(work)
    line = anchored(work.store)
    set_clock(work.store, work.store.now() + HOUR)
    new_case(work.store)
    after_night(work, NightAnchor())
    assert anchored(work.store) == line > 0
