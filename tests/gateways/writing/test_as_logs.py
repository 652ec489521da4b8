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
from tests.gateways.writing.small_log import export, log, log_of_notes, two_cases

SCHEMA = Path(__file__).resolve().parents[4] / "shared" / "data" / "ocel2_schema.json"
NS = "{http://www.xes-standard.org/}"


def xes_of(exported: Log) -> Element:
    return fromstring(export(as_xes.write, exported).decode())


def ocel_of(exported: Log) -> dict[str, Any]:
    return json.loads(export(as_ocel2.write, exported))


def attributes(of: Element) -> list[tuple[str, str | None, str | None]]:
    return [(child.tag.removeprefix(NS), child.get("key"), child.get("value")) for child in of if child.get("key")]


def test_xes_declares_its_version_extensions_globals_and_classifiers_in_the_standards_order():
    root = xes_of(two_cases())
    assert (root.tag, root.get("xes.version")) == (f"{NS}log", "1849-2016")
    tags = list(dict.fromkeys(child.tag.removeprefix(NS) for child in root))
    assert tags == ["extension", "global", "classifier", "string", "trace"]
    assert [extension.get("prefix") for extension in root.iter(f"{NS}extension")] == [
        "concept",
        "time",
        "org",
        "lifecycle",
    ]


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
def test_xes_preserves_every_text(text: str):
    [event] = xes_of(log_of_notes(text)).iter(f"{NS}event")
    assert attributes(event)[-1] == ("string", "said", text)


@pytest.mark.parametrize("text", ["\x00", "bell \x07", "\ufffe"])
def test_xes_replaces_characters_that_xml_cannot_hold(text: str):
    [event] = xes_of(log_of_notes(text)).iter(f"{NS}event")
    assert attributes(event)[-1][2] == f"{text[:-1]}\ufffd"


def test_an_empty_log_is_valid():
    assert list(xes_of(log()).iter(f"{NS}trace")) == []
    assert ocel_of(log())["events"] == []


def test_ocel_is_valid_by_the_schema_of_the_standard():
    if not SCHEMA.exists():
        pytest.skip(f"the schema of OCEL 2.0 is missing: {SCHEMA}")
    for exported in (two_cases(), log()):
        jsonschema.validate(ocel_of(exported), json.loads(SCHEMA.read_text("utf-8")))


def test_ocel_relates_moves_to_their_objects_and_objects_to_each_other():
    document = ocel_of(two_cases())
    assert [event["id"] for event in document["events"]] == ["cp-26-000001:1", "cp-26-000001:2", "cp-26-000002:1"]
    assert document["events"][0]["relationships"] == [
        {"objectId": "cp-26-000001", "qualifier": "case"},
        {"objectId": "a-1", "qualifier": "made_by"},
    ]
    actor = document["objects"][0]
    assert (actor["id"], actor["relationships"]) == ("a-1", [{"objectId": "d-claims", "qualifier": "member_of"}])


def test_ocel_declares_every_type_with_its_attributes():
    document = ocel_of(two_cases())
    resolve = next(sort for sort in document["eventTypes"] if sort["name"] == "resolve")
    assert {"name": "waited", "type": "float"} in resolve["attributes"]
    assert {"name": "seq", "type": "integer"} in resolve["attributes"]
    assert [sort["name"] for sort in document["objectTypes"]] == ["actor", "complaint", "department"]
    assert document["events"][0]["time"] == "2026-03-02T02:00:00.000007Z"


@pytest.mark.long
def test_pm4py_reads_both(tmp_path: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pm4py
    (tmp_path / "log.xes").write_bytes(export(as_xes.write, two_cases()))
    (tmp_path / "log.jsonocel").write_bytes(export(as_ocel2.write, two_cases()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traces = pm4py.read_xes(str(tmp_path / "log.xes"))
        objects = pm4py.read_ocel2_json(str(tmp_path / "log.jsonocel"))
    assert list(traces["concept:name"]) == ["open", "resolve", "open"]
    assert len(objects.events) == 3
    assert set(objects.objects["ocel:oid"]) == {"cp-26-000001", "cp-26-000002", "a-1"}, (
        "pm4py drops objects without events"
    )
