"""Drafts of mappings: every one that is called usable replays, doubtful choices are marked, the operator's stand."""

import tomllib
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateways.logs.draft.column_guess import ChosenColumns, UnknownColumn
from gateways.logs.draft.time_formats import time_format_of
from gateways.logs.draft.toml_draft import draft_of
from gateways.logs.mapping import LogMapping
from locales.translation import translate
from tests.gateways.logs import sample_logs
from tests.gateways.logs.log_formats import good

ENGLISH = partial(translate, "en")


def log_of(folder: Path, header: str, *rows: str) -> Path:
    path = folder / "log.csv"
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return path


def draft(log: Path, **chosen: Any) -> tuple[str, dict[str, Any], bool]:
    """Return a draft as text and parsed, and whether it can be used."""
    text, usable = draft_of(log, ENGLISH, ChosenColumns(**chosen))
    return text, tomllib.loads(text), usable


def line_of(text: str, begin: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(begin))


DESK = [
    f"T-{n},{state},2026-02-0{2 + k} 09:{n:02}"
    for n in range(1, 9)
    for k, state in enumerate(["New", "Assigned", "In Progress", "Resolved", "Closed"])
]


@pytest.mark.parametrize(
    "header",
    [
        "number,state,updated_at,category,category",
        "number,state,updated_at,priority,priority",
        "number,state,updated_at,team,team",
        "number,state,updated_at,customer,customer",
        "number,state,updated_at,updated_by,updated_by",
        "number,state,updated_at,state,note",
    ],
)
def test_a_column_that_stands_twice_is_left_out_with_its_reason(tmp_path: Path, header: str):
    rows = [f"{row},{'low' if n % 2 else 'high'},{n}" for n, row in enumerate(DESK)]
    log = log_of(tmp_path, header, *rows)
    text, parsed, usable = draft(log)
    twice = next(name for name in header.split(",") if header.split(",").count(name) > 1)
    assert f'"{twice}": stands twice' in text
    assert f'column = "{twice}"' not in text
    if usable:
        assert len(list(good(log, LogMapping.model_validate(parsed)))) == len(DESK)
    else:
        assert parsed["event"]["word"] == "", "without its states the log cannot be read"


@pytest.mark.parametrize("jumping", [1, 4, 7])
def test_cases_that_jump_do_not_change_what_the_words_of_the_others_mean(tmp_path: Path, jumping: int):
    jumpers = {f"T-{n}" for n in range(1, jumping + 1)}
    rows = [row for row in DESK if not (row.split(",")[0] in jumpers and ",Assigned," in row)]
    _, parsed, _ = draft(log_of(tmp_path, "number,state,updated_at", *rows))
    assert parsed["states"]["In Progress"] == "investigated"


@pytest.mark.parametrize(
    ("values", "pattern"),
    [
        (["02-Jun-06", "13-Jul-06", "01-Dec-07"], "%d-%b-%y"),
        (["9.3.10 8:05", "19.3.10 18:05", "1.12.10 0:00"], "%d.%m.%y %H:%M"),
        (["02-Jun-2006", "13-Jul-2006"], "%d-%b-%Y"),
        (["2-Jun-06 9:05", "13-Jul-06 19:00"], "%d-%b-%y %H:%M"),
        (["13.3.10", "19.12.10"], "%d.%m.%y"),
        (["3/14/06", "12/31/06"], "%m/%d/%y"),
        (["Jun 2, 2006", "Jul 13, 2006"], "%b %d, %Y"),
        (["13. 3. 2010 8:05", "1. 12. 2010 18:05"], "%d. %m. %Y %H:%M"),
        (["2 June 2006", "13 July 2006"], "%d %B %Y"),
    ],
)
def test_further_formats_of_times_are_known(values: list[str], pattern: str):
    found = time_format_of("date", values)
    assert found is not None
    assert found.pattern == pattern


def test_a_format_with_a_rival_is_marked(tmp_path: Path):
    rows = [f"T-{n},Resolved,9.3.10 8:{n:02}" for n in range(9) for _ in range(2)]
    text, _, _ = draft(log_of(tmp_path, "ticket,state,updated at", *rows))
    assert "# ? " in line_of(text, "formats")


@pytest.mark.parametrize("bad", ["2026-13-45 09:00", "soon", "2026-02-30 09:00", "0000-00-00 00:00:00", "9.9.99"])
def test_one_bad_time_does_not_empty_a_column(bad: str):
    found = time_format_of("updated_at", [bad, *(f"2026-02-0{n} 09:00" for n in range(1, 8))])
    assert found is not None
    assert found.pattern == ""


def test_a_choice_for_which_only_the_values_speak_is_marked(tmp_path: Path):
    rows = [f"k{n},{word},2026-02-0{1 + m} 0{n}:00" for n in range(9) for m, word in enumerate(["Opened", "Solved"])]
    text, parsed, _ = draft(log_of(tmp_path, "abc,def,ghi", *rows))
    assert parsed["event"] == {"case": "abc", "word": "def", "at": "ghi", "order": ["at", "row"]}
    assert all("# ? " in line_of(text, f"{name} = ") for name in ("case", "word", "at"))


@pytest.mark.parametrize("column", ["ZIP code", "City", "postal_code", "Age", "邮编"])
def test_a_place_or_a_property_is_no_case(tmp_path: Path, column: str):
    rows = [f"{20000 + n // 3},{word},2026-02-0{1 + n % 9}" for n in range(30) for word in ("Closed", "Open")]
    text, parsed, usable = draft(log_of(tmp_path, f"{column},status,date", *rows))
    assert (parsed["event"]["case"], usable) == ("", False)
    assert "cannot be replayed" in text.splitlines()[1]


def test_the_columns_that_the_operator_chooses_stand_without_a_doubt(tmp_path: Path):
    rows = [f"T-{n},Accepted,In Progress,x{n},2026-02-0{n} 09:00,2026-03-0{n} 09:00" for n in range(1, 9)]
    log = log_of(tmp_path, "ticket,state,step,other,updated at,second", *rows)
    text, parsed, usable = draft(log, case="other", words=("state", "step"), at="second")
    assert (parsed["event"]["case"], parsed["event"]["word"], parsed["event"]["at"]) == (
        *("other", ["state", "step"], "second"),
    )
    assert "Accepted | In Progress" in parsed["states"]
    assert usable
    assert "?" not in line_of(text, "case = ") + line_of(text, "at = ")
    for wrong in ({"case": "nobody"}, {"words": ("state", "nothing")}, {"at": "never"}):
        with pytest.raises(UnknownColumn):
            draft(log, **wrong)


def test_what_is_not_used_is_listed_with_its_reason(tmp_path: Path):
    rows = [f"{row},{'red' if n % 3 else 'blue'},2026-01-01" for n, row in enumerate(DESK)]
    text, _, _ = draft(log_of(tmp_path, "number,state,updated_at,colour,baked", *rows))
    assert '# "colour": its meaning is not known' in text
    assert '# "baked": a time; what happened then is not known' in text


def test_the_other_object_types_are_named(tmp_path: Path):
    text, parsed, _ = draft(sample_logs.ocel(tmp_path))
    assert parsed["event"]["case"].startswith("ocel:type:")
    assert "# ? the case could also be ocel:type:" in text


ORDERS = [
    "O-1,delivered,2026-01-05 10:00:00,2026-01-05 11:00:00,2026-01-08 10:00:00,2026-01-10 00:00:00",
    "O-2,canceled,2026-01-05 10:00:00,2026-01-05 11:00:00,,2026-01-10 00:00:00",
    "O-3,delivered,2026-01-05 10:00:00,2026-01-05 11:00:00,2026-01-12 10:00:00,2026-01-10 00:00:00",
]
WIDE = "order_id,order_status,bought,approved,delivered,due"


def test_a_column_of_states_tells_the_ends_that_no_time_tells(tmp_path: Path):
    log = log_of(tmp_path, WIDE, *ORDERS)
    text, parsed, usable = draft(log)
    assert usable
    assert (parsed["event"]["word"], parsed["moves"]["canceled"]["move"]) == ("order_status", "cancel")
    assert "?" in line_of(text, '"canceled"')
    events = [(event.case, event.word, str(event.at)[:16]) for event in good(log, LogMapping.model_validate(parsed))]
    assert ("O-2", "canceled", "2026-01-05 11:00") in events, "after the last time of its row"


@pytest.mark.parametrize("statuses", [("Closed", "Open"), ("Closed", "Closed (Duplicate)"), ("Completed", "New")])
def test_a_column_of_states_that_only_repeats_the_times_is_not_used(tmp_path: Path, statuses: tuple[str, str]):
    rows = [f"A-{n},{statuses[n % 2]},2026-01-05 1{n}:00:00,2026-01-06 1{n}:00:00" for n in range(8)]
    text, parsed, _ = draft(log_of(tmp_path, "SRRecordID,SRStatus,CreatedDate,CloseDate", *rows))
    assert "word" not in parsed["event"]
    assert '# "SRStatus": its states say nothing' in text


def test_the_promise_is_kept_before_the_word_that_ends_the_case(tmp_path: Path):
    rows = [f"A-{n},2026-01-05 1{n}:00:00,2026-01-10 10:00:00,2026-01-06 1{n}:00:00" for n in range(8)]
    log = log_of(tmp_path, "SRRecordID,CreatedDate,DueDate,CloseDate", *rows)
    _, parsed, _ = draft(log)
    words = [event.word for event in good(log, LogMapping.model_validate(parsed)) if event.case == "A-1"]
    assert words == ["promised", "CreatedDate", "promise kept", "CloseDate"]


def test_no_promise_is_drafted_where_nothing_happens_before_it_is_kept(tmp_path: Path):
    rows = [f"{n},0{n}-Jun-06,0{n + 1}-Jun-06" for n in range(1, 9)]
    _, parsed, usable = draft(log_of(tmp_path, "ID,Scheduled Delivery Date,Delivered to Client Date", *rows))
    assert (usable, parsed["source"]["kind"], parsed["source"]["formats"]) == (True, "service_order", ["%d-%b-%y"])
    assert [table["word"] for table in parsed["wide"]] == ["Delivered to Client Date"]


@pytest.mark.parametrize("shape", [sample_logs.incidents, sample_logs.loans, sample_logs.fines, sample_logs.tickets])
def test_a_draft_that_is_called_usable_reads_every_event(tmp_path: Path, shape: Any):
    log = shape(tmp_path)
    text, parsed, usable = draft(log)
    assert usable
    assert "can be replayed by this draft as it is" in text.splitlines()[1]
    assert list(good(log, LogMapping.model_validate(parsed)))
