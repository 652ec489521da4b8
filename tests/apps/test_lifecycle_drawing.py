"""Drawings of lifecycles: every state in its lane, no box on another, arrows from box to box, texts that fit."""

from itertools import pairwise

import pytest

from apps.web.lifecycle_drawing import DrawnArrow, DrawnState, draw, wrapped

LANES = {"received": "Received", "resolved": "Resolved", "archived": "Archived"}
STATES = (
    DrawnState("new", "received", "New"),
    DrawnState("asked", "received", "The customer was asked and has not answered yet", "here", ("Solution",)),
    DrawnState("done", "archived", "已归档"),
)


def test_states_stand_in_their_lanes_and_none_covers_another():
    drawing = draw(LANES, STATES, [])
    assert [text for _, text in drawing.lanes] == ["Received", "Archived"], "a lane without states is left out"
    new, asked, done = drawing.boxes
    assert new.x == asked.x < done.x
    assert asked.y >= new.y + new.height
    assert all(box.x + box.width <= drawing.width and box.y + box.height <= drawing.height for box in drawing.boxes)
    assert [line.note for line in asked.lines][-1]


def test_an_arrow_leads_from_one_box_to_the_other():
    arrows = [DrawnArrow("new", "done", "2", "taken"), DrawnArrow("done", "new"), DrawnArrow("new", "new")]
    there, back = draw(LANES, STATES, arrows).curves
    new, _, done = draw(LANES, STATES, arrows).boxes
    assert there.path.startswith(f"M{new.x + new.width},")
    assert f" {done.x}," in there.path
    assert back.path.startswith(f"M{done.x},")
    assert (there.text, there.look) == ("2", "taken")


def test_an_arrow_that_passes_a_lane_goes_beneath_its_boxes():
    states = (*STATES, DrawnState("settled", "resolved", "Settled"))
    drawing = draw(LANES, states, [DrawnArrow("new", "done", "7")])
    lowest = max(box.y + box.height for box in drawing.boxes)
    [curve] = drawing.curves
    assert lowest < curve.y + 3 < drawing.height


@pytest.mark.parametrize("text", ["Compensation · awaits a manager", "处理轮次已用完，等待部门经理决定", "x" * 90])
def test_a_label_is_broken_into_lines_and_loses_nothing(text: str):
    lines = wrapped(text)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(first for first, _ in pairwise([*lines, ""]))


def test_a_label_without_end_is_cut_off_visibly():
    lines = wrapped("word " * 100)
    assert len(lines) == 4
    assert lines[-1].endswith("…")
