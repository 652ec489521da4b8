"""A problem document names no command, option or setting: whoever calls the API has none of them."""

import ast
import re

import grimp
import pytest
from fastapi.testclient import TestClient

from apps.api.problems import INTERNAL, STATUS_OF
from locales.translation import catalogue, refusal
from statemachines.refused import Refused
from tests.house.sources import ROOMS, called_name, sources, texts
from tests.reports.test_translation import LANGUAGES, placeholders

COMMAND = re.compile(r"closeloop [a-z]|--[a-z]|CLOSELOOP_|\bPREFECT_")
AT_START = {
    "address_taken",
    "bad_cli_actors",
    "bad_reply_address",
    "bad_database_url",
    "bad_task_runner",
    "weak_secret",
}
"""Codes of settings that are read before the API answers anybody."""
OF_THE_COMMAND_LINE = {"no_actor", "not_yourself", "not_first", "no_orders"}
"""Codes of what only the command line calls in a module that it shares with the API."""


def reachable_codes() -> set[str]:
    """Return the codes of the refusals that have a status, and of those that a module raises which the API imports."""
    graph = grimp.build_graph(*ROOMS, cache_dir=None)
    modules = {"apps.api.app", *graph.find_upstream_modules("apps.api.app")}
    calls = (
        node
        for source in sources(*ROOMS)
        if source.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") in modules
        for node in source.nodes
        if isinstance(node, ast.Call) and called_name(node) == "Refused"
    )
    return {*STATUS_OF, *(code for call in calls for code in texts(call.args[0]))} - INTERNAL


@pytest.fixture(scope="module")
def codes() -> set[str]:
    found = reachable_codes()
    assert {"unknown_case", "no_consent", "unknown_webhook"} <= found
    return found


@pytest.mark.parametrize("locale", LANGUAGES)
def test_no_refusal_of_the_api_names_the_command_line(codes: set[str], locale: str):
    shown = {code: refusal(locale, Refused(code), on_web=True) for code in codes | {"unavailable"}}
    assert {code for code, text in shown.items() if COMMAND.search(text)} == AT_START | OF_THE_COMMAND_LINE


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_text_for_the_web_stands_for_one_that_names_the_command_line_and_asks_for_no_more(locale: str):
    messages = catalogue(locale)
    own = {key.partition(".")[2]: text for key, text in messages.items() if key.startswith("web_refusal.")}
    for code, text in own.items():
        assert COMMAND.search(messages[f"refused.{code}"]), f"{code} needs no text of its own"
        assert placeholders(text) <= placeholders(messages[f"refused.{code}"]), code


def test_a_caller_is_told_where_to_look_in_words_of_his_door(api: TestClient):
    answer = api.get("/api/v1/cases/cp-26-000099", headers={"Accept-Language": "zh-CN"})
    assert answer.json()["detail"] == "没有编号为 cp-26-000099 的工单，或您无权查看。请核对编号，或在工单列表中查找。"


def test_the_command_line_still_names_its_commands():
    assert "closeloop case list" in refusal("en", Refused("unknown_case", number="cp-26-000099"))
