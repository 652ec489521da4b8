"""Mapping files: how they are read, how a wrong one is refused, and that each refusal has a message."""

import re
from pathlib import Path
from typing import Any

import pytest

from gateways.contact_mapping import ContactMapping
from gateways.mapping_file import BadMapping, load_mapping
from models.contact import Channel
from tests.gateways.message_catalogues import catalogue, placeholders

ROOT = Path(__file__).parents[2]
GOOD = """
[source]
name = "desk"
kind = "complaint"
pack = "logistics"
channel = "website"
zone = "Asia/Shanghai"
formats = ["%Y/%m/%d %H:%M:%S"]

[contact]
row_id = "编号"
at = "时间"
text = "内容"
"""


def load(folder: Path, content: str | bytes):
    path = folder / "mapping.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return load_mapping(path, ContactMapping)


def test_a_mapping_is_read(tmp_path):
    loaded = load(tmp_path, "\ufeff" + GOOD)
    assert loaded.columns == {"编号", "时间", "内容"}
    assert loaded.fields == (("row_id", "编号"), ("at", "时间"), ("text", "内容"))
    assert loaded.source.channel is Channel.WEBSITE
    assert loaded.reply is None


@pytest.mark.parametrize(
    ("old", "new", "key", "code"),
    [
        ('text = "内容"', 'texts = "内容"', "contact.texts", "unknown_key"),
        ('text = "内容"', "", "contact.text", "missing_key"),
        ('text = "内容"', 'text = " "', "contact.text", "wrong_value"),
        ("[contact]", "[reply]\ntext = 'x'\n[contact]", "reply.at", "missing_key"),
        ("Asia/Shanghai", "Asia/Shanghia", "source.zone", "unknown_zone"),
        ("Asia/Shanghai", "../../etc", "source.zone", "unknown_zone"),
        ("Asia/Shanghai", "Asia", "source.zone", "unknown_zone"),
        ("%Y/%m/%d %H:%M:%S", "%m/%d %H:%M", "source.formats.0", "bad_format"),
        ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %I:%M", "source.formats.0", "bad_format"),
        ("%Y/%m/%d %H:%M:%S", "%Q", "source.formats.0", "bad_format"),
        ('zone = "', 'encoding = "base64"\nzone = "', "source.encoding", "unknown_encoding"),
        ('"website"', '"pigeon"', "source.channel", "unknown_channel"),
        ('"complaint"', '"Com plaint"', "source.kind", "wrong_value"),
    ],
)
def test_a_wrong_mapping_is_refused_with_its_key(tmp_path, old, new, key, code):
    with pytest.raises(BadMapping) as refused:
        load(tmp_path, GOOD.replace(old, new))
    assert [(p.column, p.code) for p in refused.value.problems if p.code.endswith(code)] == [
        (key, f"bad_mapping.{code}")
    ]


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [("[source]\nname = desk", "not_toml", 2), (b"[source]\nname = '\xff'", "not_toml", None)],
)
def test_invalid_toml_is_refused_with_its_line(tmp_path, content, code, line):
    with pytest.raises(BadMapping) as refused:
        load(tmp_path, content)
    assert [(p.row, p.code) for p in refused.value.problems] == [(line, f"bad_mapping.{code}")]


def test_a_mapping_that_is_missing_or_a_directory_is_refused(tmp_path):
    for path, code in ((tmp_path / "no.toml", "missing_file"), (tmp_path, "unreadable")):
        with pytest.raises(BadMapping, match=code):
            load_mapping(path, ContactMapping)


@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW", "en"])
def test_every_code_has_a_message_with_the_same_parameters(locale):
    files = [path for room in ("gateways", "classifier") for path in (ROOT / room).glob("*.py")]
    source = "".join(path.read_text("utf-8") for path in files)
    codes = set(re.findall(r'"((?:bad_file|bad_mapping|file_note)\.[a-z_]+)"', source))
    messages = catalogue(locale, "contacts")
    places = {"bad_file.at_cell", "bad_file.at_row", "bad_file.at_column", "bad_mapping.at_line"}
    assert messages.keys() <= codes | places
    of_rosters: Any = catalogue(locale, "duty")["bad_file"]
    elsewhere = catalogue(locale, "logs").keys() | {f"bad_file.{code}" for code in of_rosters}
    assert messages.keys() | elsewhere >= codes | places
    assert {code: placeholders(text) for code, text in messages.items()} == {
        code: placeholders(text) for code, text in catalogue("en", "contacts").items()
    }
