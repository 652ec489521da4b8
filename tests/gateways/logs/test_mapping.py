"""Mappings of logs: what each word means, and that each mistake is reported with its key and its line."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateways.logs.form_values import code_of
from gateways.logs.mapping import BLANK, NO_TEXT, LogMapping, contact_of, opened_at
from gateways.mapping_file import BadMapping, load_mapping
from gateways.problems import BadCell
from models.contact import Channel
from models.log_event import LogEvent
from tests.docs.pages import blocks
from tests.gateways.logs.log_formats import TABLE, good, mapping
from tests.gateways.message_catalogues import catalogue, placeholders

ROOT = Path(__file__).parents[3]
AT = datetime(2024, 3, 1, 8, tzinfo=UTC)


def event(
    word: str, row: int = 1, at: datetime | None = AT, of_case: dict[str, str] | None = None, **values: str
) -> LogEvent:
    return LogEvent(row, "t1", word, at, values, of_case or {})


def test_a_word_means_a_move_or_a_state_or_is_ignored_or_unknown(tmp_path: Path):
    by = mapping(tmp_path, TABLE + '[states]\n"Active" = ["investigated", "classified"]\n')
    resolve = by.step(event("Resolve", clerk="ann"))
    assert (resolve.move, resolve.form, resolve.actor) == ("resolve", {"result": "ann"}, "ann")
    assert (by.step(event("Active")).state, by.step(event("Active")).also) == ("investigated", ("classified",))
    assert by.step(event("Register")).ignored == "opens it"
    assert by.step(event("Explode")).unknown == "Explode"
    assert by.step(event("")).unknown == BLANK


def test_a_word_may_mean_the_first_move_that_is_possible(tmp_path: Path):
    by = mapping(tmp_path, TABLE.replace("[moves]", '[moves]\n"Assign" = ["classify", "reclassify", "note"]'))
    step = by.step(event("Assign"))
    assert (step.move, step.also) == ("classify", ("reclassify", "note"))


def test_events_with_a_skipped_attribute_value_are_ignored(tmp_path: Path):
    skip = '[[skipped]]\ncolumn = "transition"\nvalues = ["start"]\nreason = "only begun"\n'
    by = mapping(tmp_path, TABLE + skip)
    assert by.step(event("Resolve", transition="start")).ignored == "only begun"
    assert by.step(event("Resolve", transition="complete")).move == "resolve"


@pytest.mark.parametrize(
    ("value", "cell", "expected"),
    [
        ('"fixed"', "x", "fixed"),
        ('{ column = "c" }', "x", "x"),
        ('{ column = "c", values = { x = "y" } }', "x", "y"),
        ('{ column = "c", values = { z = "y" }, otherwise = "w" }', "x", "w"),
        ('{ column = "c", as = "number" }', "4.0", 4),
        ('{ column = "c", as = "code" }', "Org line A2", "org_line_a2"),
        ('{ column = "c", as = "time" }', "2024-03-01 16:00", AT),
    ],
)
def test_a_value_is_a_constant_or_read_from_a_column(tmp_path: Path, value: str, cell: str, expected: object):
    by = mapping(tmp_path, f"{TABLE}[fill]\nfield = {value}\n")
    assert by.step(event("Resolve", c=cell)).fill == {"field": expected}


def test_a_value_that_the_log_lacks_is_left_out(tmp_path: Path):
    by = mapping(tmp_path, TABLE + '[fill]\nfield = { column = "c" }\n')
    assert by.step(event("Resolve")).fill == {}


def test_an_unreadable_value_is_an_error(tmp_path: Path):
    by = mapping(tmp_path, TABLE + '[fill]\nfield = { column = "c", as = "number" }\n')
    with pytest.raises(BadCell, match=r"bad_log\.no_number"):
        by.step(event("Resolve", c="many"))


def test_an_attribute_of_the_case_is_read_like_one_of_the_event(tmp_path: Path):
    by = mapping(tmp_path, TABLE + '[fill]\nfield = { column = "case:grade" }\nword = { column = "step" }\n')
    assert by.step(event("Resolve", of_case={"grade": "A"})).fill == {"field": "A", "word": "Resolve"}


def test_different_names_give_different_valid_codes():
    assert code_of("2nd line") != code_of("3rd line")
    assert code_of("客服部") != code_of("运输部")
    assert all(
        re.fullmatch(r"[a-z][a-z0-9_]{0,39}", code_of(name)) for name in ("客服部", "2nd", "A" * 90, "-", "Größe")
    )


@pytest.mark.parametrize(
    ("order", "rows"),
    [
        ('["at", "row"]', [1, 2, 3]),
        ('["at", "-row"]', [1, 3, 2]),
        ('["at", "turn", "row"]', [1, 3, 2]),
        ('["-at", "row"]', [2, 3, 1]),
    ],
)
def test_events_are_sorted_in_the_order_of_the_mapping(tmp_path: Path, order: str, rows: list[int]):
    by = mapping(tmp_path, TABLE.replace('who = "clerk"', f"order = {order}"))
    late = datetime(2024, 3, 2, tzinfo=UTC)
    unsorted = [event("a", 1, turn="9"), event("b", 2, late, turn="10"), event("c", 3, late, turn="2")]
    assert [row.row for row in sorted(unsorted, key=by.order_key)] == rows


def test_the_opening_is_read_from_the_first_event(tmp_path: Path):
    text = TABLE.replace('text = "none"', 'at = "opened"\ncustomer = { column = "who" }\nchannel = "hotline"')
    by = mapping(tmp_path, text)
    first = event("Register", who="Mr Lee", opened="2024-02-28T00:00:00+00:00")
    contact = contact_of(by, first, AT)
    assert (contact.row_id, contact.text, contact.customer, contact.channel) == (
        "t1",
        NO_TEXT,
        "Mr Lee",
        Channel.HOTLINE,
    )
    assert opened_at(by, first) == datetime(2024, 2, 28, tzinfo=UTC)
    assert opened_at(by, event("Register")) == AT


def test_an_opening_with_an_unfit_value_is_an_error(tmp_path: Path):
    by = mapping(tmp_path, TABLE.replace('text = "none"', 'channel = "pigeon"'))
    with pytest.raises(BadCell, match=r"bad_log\.unfit_value"):
        contact_of(by, event("Register"), AT)


def test_the_names_are_listed_with_their_places(tmp_path: Path):
    by = mapping(tmp_path, TABLE + '[states]\n"Active" = ["investigated", "classified"]\n')
    assert [tuple(name) for name in by.named()] == [
        ("move", "resolve", "moves.Resolve", ("result",)),
        ("state", "investigated", "states.Active", ()),
        ("state", "classified", "states.Active", ()),
    ]


def faults(folder: Path, text: str) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(BadMapping) as refused:
        mapping(folder, text)
    return [
        (problem.row, problem.column, problem.code.removeprefix("bad_mapping.")) for problem in refused.value.problems
    ]


def line_of(text: str, begin: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(begin))


@pytest.mark.parametrize(
    ("old", "new", "begin", "key", "code"),
    [
        ('zone = "Asia/Shanghai"', 'zone = "Mars"', "zone", "source.zone", "unknown_zone"),
        ("missing", 'formats = ["%H"]\nmissing', "formats", "source.formats.0", "bad_format"),
        ('who = "clerk"', 'whose = "clerk"', "whose", "event.whose", "unknown_key"),
        ('case = "ticket"\n', "", "[event]", "event.case", "missing_key"),
        ('text = "none"', 'text = { column = "a", constant = "b" }', "text", "opening.text", "one_of_both"),
        ('"Resolve" = {', '"Resolve" = { x = 1,', '"Resolve"', "moves.Resolve.x", "unknown_key"),
        ('move = "resolve"', 'move = "Re solve"', '"Resolve"', "moves.Resolve.move", "wrong_value"),
        ("[ignored]", '[[rules]]\nname = "r"\nearlier = "a"\n[ignored]', "[[rules]]", "rules.0", "bad_rule"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_key(tmp_path: Path, old: str, new: str, begin: str, key: str, code: str):
    text = TABLE.replace(old, new)
    assert faults(tmp_path, text) == [(line_of(text, begin), key, code)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (TABLE + '"Resolve" = "twice"\n', "word_twice"),
        (re.sub(r"\[moves\].*?\n\n", "", TABLE, flags=re.DOTALL), "no_words"),
        (TABLE.replace('at = "time"\n', ""), "wide_or_event"),
        (re.sub(r"\nword = .*", "", TABLE, count=1) + '[[wide]]\ncolumn = "a"\nword = "b"\n', "wide_or_event"),
        ("[source\n", "not_toml"),
    ],
)
def test_a_mapping_that_contradicts_itself_is_refused(tmp_path: Path, text: str, code: str):
    assert [fault for _, _, fault in faults(tmp_path, text)] == [code]


def test_every_mistake_is_reported_at_once(tmp_path: Path):
    text = TABLE.replace("Asia/Shanghai", "Mars").replace('case = "ticket"\n', "")
    assert {code for _, _, code in faults(tmp_path, text)} == {"unknown_zone", "missing_key"}


@pytest.mark.parametrize("name", ["helpdesk", "receipt", "orders"])
def test_the_examples_load(name: str):
    assert isinstance(load_mapping(ROOT / "examples" / f"{name}.toml", LogMapping), LogMapping)


@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW", "en"])
def test_every_code_has_a_message_with_the_same_parameters(locale: str):
    source = "".join(path.read_text("utf-8") for path in (ROOT / "gateways" / "logs").glob("*.py"))
    codes = set(re.findall(r'"(bad_log\.[a-z_]+)"', source))
    messages = {code: text for code, text in catalogue(locale, "logs").items() if code.startswith("bad_")}
    assert {code for code in messages if code.startswith("bad_log.")} == codes
    english = catalogue("en", "logs")
    assert {code: placeholders(text) for code, text in messages.items()} == {
        code: placeholders(text) for code, text in english.items() if code.startswith("bad_")
    }


def test_the_mapping_of_the_howto_maps_every_word_of_its_log(tmp_path: Path):
    pieces = {block.language: block.text for block in blocks("docs/logs.md")}
    log = tmp_path / "old-desk.csv"
    log.write_text(pieces["csv"], "utf-8")
    by = mapping(tmp_path, pieces["toml"])
    steps = [by.step(event) for event in good(log, by)]
    assert len(steps) == 14
    assert not any(step.unknown for step in steps)
