"""What a run may show: our templates in three languages, filled with codes, numbers and instants, and nothing else."""

import re
from pathlib import Path

import pytest

from flows.reaction_registry import reactions
from flows.run_text import HIDDEN, RunText
from locales.translation import catalogue, locales
from tests.case_actions import START

ROOT = Path(__file__).parents[2]
USED = re.compile(r'"((?:log|step)\.[a-z_]+)"')


def test_codes_are_shown_by_their_labels_and_instants_in_local_time():
    values = {"number": "cp-26-000007", "clause": "first_reply", "percent": 100, "level": 1, "due": START}
    text = RunText("log.breached", "complaint", **values)
    assert text.text("zh_CN") == (
        "cp-26-000007 · 初步回复：2026-03-02 09:00 已用 100 %，超时，升级上报，现由客服班组长负责"
    )
    assert "First reply: 100 % used at 2026-03-02 09:00, promise broken; asks: Team supervisor" in text.text("en")


@pytest.mark.parametrize("said", ["王小明", "Zhang San", "w@example.com", "13800138000", "call-me-13800138000", ""])
def test_what_is_no_code_is_left_out(said: str):
    text = RunText("log.delivery_failed", number=said, reaction=said, code=said, tries=1, most=5, again=START)
    assert text.text("en").startswith(f"{HIDDEN} · {HIDDEN}: try 1 of 5 failed ({HIDDEN})")


def test_a_case_number_stands_where_a_number_belongs_and_nowhere_else():
    assert (
        RunText("step.deliver", number="cp-26-000007", reaction="cp-26-000007").text("en") == f"cp-26-000007 · {HIDDEN}"
    )


@pytest.mark.parametrize("locale", locales())
def test_every_text_that_is_used_and_every_reaction_has_its_words(locale: str):
    used = {key for path in (ROOT / "flows").rglob("*.py") for key in USED.findall(path.read_text("utf-8"))}
    wanted = used | {f"reaction.{name}" for name in reactions()}
    words = catalogue(locale)
    assert sorted(wanted - words.keys()) == []
    kept = {key for key in words if key.partition(".")[0] in ("log", "step", "reaction")}
    assert sorted(kept - wanted) == []
