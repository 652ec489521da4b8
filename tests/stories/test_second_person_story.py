"""Stories of the second person: nobody judges, confirms or hides what he did himself (F3, E8)."""

import json

import pytest

from engine.actors import NewActor, add_actor
from statemachines.roles import Role
from tests.stories.story import Story
from tests.stories.test_appeal_story import punished
from tests.stories.test_complaint_story import DAMAGE, confirmed_damage

pytestmark = pytest.mark.requirement("F3")

CARRIER = {"cause": "handling", "responsible": "carrier", "degree": "full"}


def confirming(duty: dict[str, str]) -> dict[str, str]:
    return {f"confirmed_{name}": value for name, value in duty.items()}


@pytest.mark.requirement("B4")
@pytest.mark.parametrize("changed", [{"responsible": "sender"}, {"degree": "minor"}, {"cause": "packing"}])
def test_a_new_determination_voids_the_confirmation(story: Story, changed: dict[str, str]):
    confirmed_damage(story).then("sue", "determine_responsibility", **CARRIER | changed, evidence="证人证言")
    assert not {name for name in json.loads(story.variables) if name.startswith("confirmed_")}
    refused = story.refused("han", "compensate", compensation=50_000, grounds="合同第八条")
    assert refused.params["guards"] == ["cause_confirmed"], "nothing is paid on a confirmation of something else"
    stale = story.refused("mei", "confirm_responsibility", **confirming(CARRIER))
    assert stale.params["guards"] == ["as_determined"], "cause, party and degree are confirmed"
    story.then("mei", "confirm_responsibility", **confirming(CARRIER | changed))
    story.then("han", "compensate", compensation=50_000, grounds="合同第八条")


@pytest.mark.parametrize(
    "judged", ["reply", "propose_solution", "determine_responsibility", "compensate", "tell_result"]
)
def test_whoever_did_what_the_customer_judges_does_not_record_the_callback(story: Story, judged: str):
    """Una does one thing that is judged, whatever it is, and nothing else."""
    with story.store.writing() as tx:
        add_actor(tx, NewActor("una", (Role.HANDLER, Role.QUALITY_TEAM), "claims"))
    confirmed_damage(story)
    forms = {
        "reply": {"message": "正在处理。"},
        "propose_solution": {"solution": "按合同赔付。"},
        "determine_responsibility": {**CARRIER, "evidence": "照片"},
        "compensate": {"compensation": 50_000, "grounds": "合同第八条"},
        "tell_result": {"message": "赔款已到账。", "opinion": "accepted"},
    }
    if judged != "tell_result":
        story.then("una", judged, **forms[judged])
    story.then("han", "resolve", result="已赔付。")
    if judged == "tell_result":
        story.then("una", judged, **forms[judged])
    for record, form in (("revisit", {"outcome": "satisfied"}), ("attempt", {"attempts": 1})):
        refused = story.refused("una", record, **form)
        assert (refused.code, refused.params["moves"]) == ("own_work", [judged])
    story.then("ann", "revisit", outcome="satisfied")


@pytest.mark.requirement("E8")
def test_an_agent_alone_does_not_withdraw_what_reached_the_general_manager(story: Story):
    story.opens("complaint", DAMAGE).then("sue", "escalate", level=3, reason="客户要找媒体。")
    assert story.refused("amy", "withdraw", reason="客户撤诉。").params["guards"] == ["below_top"]
    story.then("mei", "withdraw", reason="客户来电撤诉。")
    assert story.state == "withdrawn"


@pytest.mark.requirement("F2")
def test_a_witness_does_not_sit_on_the_panel(story: Story):
    """Wes noted what he saw in the violation's case; he is a member of the panel, but not in this appeal."""
    with story.store.writing() as tx:
        add_actor(tx, NewActor("wes", (Role.QUALITY_TEAM, Role.APPEAL_PANEL)))
    violation = punished(story).number
    story.then("wes", "note", note="当天我在现场。")
    story.then("hal", "appeal", grounds="那天我休假,有排班表。")
    story.on(story.child("appeal"))
    refused = story.refused("eva", "form_panel", panel_lead="wes")
    assert (refused.code, refused.params["number"]) == ("took_part", violation)
    story.then("eva", "form_panel", panel_lead="pam")
    assert story.refused("wes", "reverify", findings="属实。").code == "took_part"
    story.then("pam", "reverify", findings="排班表属实。")
    assert story.refused("wes", "uphold_appeal", correction="撤销。").code == "took_part"
    story.then("pia", "uphold_appeal", correction="撤销罚款。")


@pytest.mark.requirement("F2")
def test_whoever_decided_does_not_take_the_appeal_up_and_cannot_name_another(story: Story):
    violation = punished(story).number
    story.opens("appeal", "那天我休假。", by="hal")
    named = story.refused("hera", "take_up", about=violation, appellant="hal", decided_by="mei")
    assert (named.code, named.params["recorded"]) == ("not_by_record", "hera")
    assert story.refused("hera", "take_up", about=violation, appellant="hal").params["guards"] == ["takes_no_part"]
    story.then("eva", "take_up", about=violation, appellant="hal")
    assert json.loads(story.variables)["decided_by"] == "hera"
