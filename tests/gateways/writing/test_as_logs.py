"""Logs as process-mining tools read them: XES with its extensions, OCEL 2.0 by its schema."""

import json
import warnings
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import jsonschema
import pytest
from defusedxml.ElementTree import fromstring

from gateways.writing import as_ocel2, as_xes
from models.event_log import Log
from tests.gateways.writing.small_log import log, saying, two_cases, written

SCHEMA = Path(__file__).resolve().parents[4] / "shared" / "data" / "ocel2_schema.json"
NS = "{http://www.xes-standard.org/}"


def xes_of(told: Log) -> Element:
    return fromstring(written(as_xes.write, told).decode())


def ocel_of(told: Log) -> dict[str, Any]:
    return json.loads(written(as_ocel2.write, told))


def attributes(of: Element) -> list[tuple[str, str | None, str | None]]:
    return [(one.tag.removeprefix(NS), one.get("key"), one.get("value")) for one in of if one.get("key")]


def test_xes_declares_its_version_extensions_globals_and_classifiers_in_the_standards_order():
    told = xes_of(two_cases())
    assert (told.tag, told.get("xes.version")) == (f"{NS}log", "1849-2016")
    sorts = list(dict.fromkeys(one.tag.removeprefix(NS) for one in told))
    assert sorts == ["extension", "global", "classifier", "string", "trace"]
    assert [one.get("prefix") for one in told.iter(f"{NS}extension")] == ["concept", "time", "org", "lifecycle"]


def test_xes_has_a_trace_for_each_case_with_typed_attributes():
    first, second = list(xes_of(two_cases()).iter(f"{NS}trace"))
    assert attributes(first)[:2] == [("string", "concept:name", "cp-26-000001"), ("string", "kind", "complaint")]
    opened, resolved = list(first.iter(f"{NS}event"))
    assert ("date", "time:timestamp", "2026-03-02T02:00:00.000007+00:00") in attributes(opened)
    assert attributes(resolved)[-3:] == [
        ("int", "seq", "2"),
        ("boolean", "inferred", "true"),
        ("float", "waited", "1.5"),
    ]
    assert len(list(second.iter(f"{NS}event"))) == 1


@pytest.mark.parametrize("text", ['<a href="x">&amp;</a>', "line\nline\ttab\r", "客户说：“坏了”"])
def test_xes_gives_back_every_text(text: str):
    [event] = xes_of(saying(text)).iter(f"{NS}event")
    assert attributes(event)[-1] == ("string", "said", text)


@pytest.mark.parametrize("text", ["\x00", "bell \x07", "\ufffe"])
def test_xes_replaces_what_xml_cannot_hold(text: str):
    [event] = xes_of(saying(text)).iter(f"{NS}event")
    assert attributes(event)[-1][2] == f"{text[:-1]}\ufffd"


def test_an_empty_log_is_a_log():
    assert list(xes_of(log()).iter(f"{NS}trace")) == []
    assert ocel_of(log())["events"] == []


def test_ocel_is_valid_by_the_schema_of_the_standard():
    if not SCHEMA.exists():
        pytest.skip(f"the schema of OCEL 2.0 is not here: {SCHEMA}")
    for told in (two_cases(), log()):
        jsonschema.validate(ocel_of(told), json.loads(SCHEMA.read_text("utf-8")))


def test_ocel_relates_moves_to_their_objects_and_objects_to_each_other():
    told = ocel_of(two_cases())
    assert [event["id"] for event in told["events"]] == ["cp-26-000001:1", "cp-26-000001:2", "cp-26-000002:1"]
    assert told["events"][0]["relationships"] == [
        {"objectId": "cp-26-000001", "qualifier": "case"},
        {"objectId": "a-1", "qualifier": "made_by"},
    ]
    actor = told["objects"][0]
    assert (actor["id"], actor["relationships"]) == ("a-1", [{"objectId": "d-claims", "qualifier": "member_of"}])


def test_ocel_declares_every_type_with_the_attributes_it_has():
    told = ocel_of(two_cases())
    resolve = next(one for one in told["eventTypes"] if one["name"] == "resolve")
    assert {"name": "waited", "type": "float"} in resolve["attributes"]
    assert {"name": "seq", "type": "integer"} in resolve["attributes"]
    assert [one["name"] for one in told["objectTypes"]] == ["actor", "complaint", "department"]
    assert told["events"][0]["time"] == "2026-03-02T02:00:00.000007Z"


def test_pm4py_reads_both(tmp_path: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pm4py
    (tmp_path / "log.xes").write_bytes(written(as_xes.write, two_cases()))
    (tmp_path / "log.jsonocel").write_bytes(written(as_ocel2.write, two_cases()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traces = pm4py.read_xes(str(tmp_path / "log.xes"))
        objects = pm4py.read_ocel2_json(str(tmp_path / "log.jsonocel"))
    assert list(traces["concept:name"]) == ["open", "resolve", "open"]
    assert len(objects.events) == 3
    assert set(objects.objects["ocel:oid"]) == {"cp-26-000001", "cp-26-000002", "a-1"}, "it drops what no event touches"
