"""What is read: the latest cases with their moves, and which of them a person of which department made."""

import pytest

from engine.store import Store
from models.columns import to_micros
from reports.staffing.record import Chosen, needs_staff, read_history
from tests.case_actions import HOUR, START, make_move, new_case

pytestmark = pytest.mark.requirement("K3")


def test_moves_come_with_the_department_of_their_maker_and_nobody_of_the_staff_opens_by_himself(store: Store):
    number = new_case(store)
    make_move(store, number, "reply", after=HOUR)
    with store.looking() as tx:
        [past] = read_history(tx, Chosen(kind="complaint"), to_micros(START + 2 * HOUR))
        assert read_history(tx, Chosen(pack="shipping"), to_micros(START + 2 * HOUR)) == []
        assert read_history(tx, Chosen(), to_micros(START - HOUR)) == []
    assert past.case.number == number
    reply = past.moves[-1]
    assert (reply.move, reply.person, reply.occurred_at) == ("reply", True, to_micros(START + HOUR))
    assert needs_staff("complaint", reply)
    assert not needs_staff("complaint", reply._replace(via="timer"))
    assert not needs_staff("complaint", reply._replace(source="waiting_for_customer"))
    assert not needs_staff("complaint", reply._replace(person=False))
