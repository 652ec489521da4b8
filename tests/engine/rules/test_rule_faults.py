"""Every fault of a rule file has a code, and a message in the reader's language that says what ``why`` says."""

import ast
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from classifier.keyword_rules import load_rules
from engine.calendars.calendar import calendar, calendars_in, shipped
from engine.calendars.calendar_changes import overridden
from engine.calendars.calendar_reading import years_in
from engine.calendars.deadlines import MOST
from engine.rules.checklists import checklists_in, parsed_checklist
from engine.rules.policy import checked, load_pack
from engine.rules.publishing import publish
from engine.rules.questionnaires import load_questionnaire, parsed_questionnaire, questionnaires_in
from engine.store import Store
from locales.translation import catalogue, fault_text, refusal
from statemachines.refused import Refused
from tests.case_actions import START
from tests.case_actions import refusal as refused_by
from tests.engine.rules.sample_rules import (
    CHECKLIST,
    EVA,
    OFFICE,
    OVERRIDES,
    QUESTIONNAIRE,
    SCRIPT,
    VALID_PACK,
    add_evaluator,
)
from tests.house.sources import sources

ROOMS = ("engine/calendars", "engine/rules", "statemachines")
CODE = re.compile(r"(?:file|calendar|pack|questionnaire|checklist)\.[a-z_0-9]+")
ALWAYS = '[always]\nzone = "Asia/Shanghai"\n'
UNSETTLED = ('severity = "urgent"\nchannel = "mail"', 'severity = "low"\nchannel = "mail"')
SURVEYS = '[surveys]\nkinds = ["finding"]\nsize = 9\napart_days = 9\nsource = "ours"\n'
PUBLISHED = {"calendar.not_one", "pack.other_date", "pack.survey_kinds", "questionnaire.weights"}
BEYOND_LIMITS = {"file.too_long", "file.too_deep", "file.large_number"}
OWN_WORDS = {"file.unreadable", "file.not_utf8", "file.not_toml", "file.cut_off", *BEYOND_LIMITS}
"""The codes whose ``why`` is that of the parser, not of the catalogue."""
ENGLISH = re.compile(r"\b(?:is|are|must|the|use|there|take|and|or|in|with|it|be|of|to|no|not|has|at)\b", re.IGNORECASE)
"""Words that every English sentence has some of, and names of fields and values have not."""
CHINESE = re.compile(r"[\u4e00-\u9fff]{2}")


def written(folder: Path, content: bytes, name: str = "test") -> Path:
    path = folder / f"{name}.toml"
    path.write_bytes(content)
    return path


def years_of(*years: int) -> object:
    rows = "".join(f"[cn-office.years.{year}]\noff = [{year}-01-01]\n" for year in years)
    return calendars_in(OFFICE + rows, "f")


def two_for_one_channel(folder: Path) -> object:
    written(folder, CHECKLIST.encode())
    written(folder, CHECKLIST.replace('"test"', '"second"').encode(), "second")
    return checklists_in(folder)


def two_for_one_kind(folder: Path) -> object:
    written(folder, QUESTIONNAIRE.encode())
    written(folder, QUESTIONNAIRE.replace('"test"', '"second"').encode(), "second")
    return questionnaires_in(folder)


def two_for_one_type(folder: Path) -> object:
    text = QUESTIONNAIRE.replace("kinds", 'customer_types = ["enterprise"]\nkinds')
    written(folder, text.encode())
    written(folder, text.replace('"test"', '"second"').encode(), "second")
    return questionnaires_in(folder)


WEIGHTS = '[appraisal]\nsource = "D"\nweights = { satisfied_share = 60, solution = 50 }'
CARE = """
[care]
from_hour = {from_hour}
until_hour = 20
quiet_days = 30
birthdays = true
source = "a test"

[care.occasions.{occasion}]
days = [2027-01-01]
name = {{ {words} }}
words = {{ {words} }}
"""
WORDS = 'zh_CN = "好", zh_TW = "好", en = "Good"'


def caring(from_hour: int = 9, occasion: str = "new_year", words: str = WORDS) -> str:
    """Return a pack that greets customers."""
    return VALID_PACK + CARE.format(from_hour=from_hour, occasion=occasion, words=words)


FAULTY: dict[str, Callable[[Path], object]] = {
    "file.unreadable": lambda folder: load_pack(folder / "missing.toml"),
    "file.not_utf8": lambda folder: load_rules(written(folder, b'name = "\xff"')),
    "file.not_toml": lambda _: checked("name = \nzone = 1", "f", calendar),
    "file.cut_off": lambda _: parsed_questionnaire('name = """x', "f"),
    "file.too_long": lambda _: parsed_questionnaire("#" * 2_000_000, "f"),
    "file.too_deep": lambda _: checked(f"name = {'[' * 5000}", "f", calendar),
    "file.large_number": lambda _: years_in(f"[2027]\noff = {'9' * 40}", "f"),
    "file.unknown_zone": lambda _: calendars_in(OFFICE.replace("Asia/Shanghai", "Asia/Shanghia"), "f"),
    "file.other_name": lambda folder: load_questionnaire(written(folder, QUESTIONNAIRE.encode(), "other")),
    "file.missing_language": lambda _: parsed_questionnaire(QUESTIONNAIRE.replace(', en = "Attitude?"', ""), "f"),
    "file.unknown_language": lambda _: parsed_questionnaire(QUESTIONNAIRE.replace("{ zh", '{ fr = "?", zh'), "f"),
    "pack.care_hours": lambda _: checked(caring(from_hour=21), "f", calendar),
    "pack.care_birthday": lambda _: checked(caring(occasion="birthday"), "f", calendar),
    "pack.care_language": lambda _: checked(caring(words='en = "Good"'), "f", calendar),
    "calendar.days": lambda _: years_in("[2027]\noff = 1", "f"),
    "calendar.day_of_year": lambda _: years_in("[2027]\noff = [2028-01-01]", "f"),
    "calendar.unknown_list": lambda _: years_in("[2027]\nfree = []", "f"),
    "calendar.off_and_worked": lambda _: years_in("[2027]\noff = [2027-01-01]\nworked = [2027-01-01]", "f"),
    "calendar.year": lambda _: years_in("[next]\noff = []", "f"),
    "calendar.years": lambda _: calendars_in(OFFICE + "years = 3", "f"),
    "calendar.weekdays": lambda _: calendars_in(OFFICE.replace("[0]", "[7]"), "f"),
    "calendar.hours": lambda _: calendars_in(OFFICE.replace("11:00", "11h"), "f"),
    "calendar.ends_first": lambda _: calendars_in(OFFICE.replace("11:00", "09:00"), "f"),
    "calendar.overlap": lambda _: calendars_in(OFFICE.replace("]]", '], ["10:30", "12:00"]]'), "f"),
    "calendar.no_weekday": lambda _: calendars_in(
        OFFICE + '[cn-office.weekday_hours]\nsun = [["09:00", "10:00"]]', "f"
    ),
    "calendar.no_hours": lambda _: calendars_in(OFFICE + "[cn-office.weekday_hours]\nsunday = []", "f"),
    "calendar.day": lambda _: calendars_in(OFFICE + "[cn-office.exceptions]\neve = []", "f"),
    "calendar.rows": lambda _: calendars_in(OFFICE + "exceptions = 1", "f"),
    "calendar.name": lambda _: calendars_in(OFFICE.replace("cn-office", "CN"), "f"),
    "calendar.table": lambda _: calendars_in("desk = 1", "f"),
    "calendar.unknown_key": lambda _: calendars_in(OFFICE + "color = 1", "f"),
    "calendar.half_a_week": lambda _: calendars_in(ALWAYS + "weekdays = [0]", "f"),
    "calendar.no_holidays": lambda _: calendars_in(ALWAYS + "[always.years.2027]\noff = [2027-01-01]", "f"),
    "calendar.no_single_days": lambda _: calendars_in(ALWAYS + "[always.exceptions]\n2026-12-24 = []", "f"),
    "calendar.unknown_holidays": lambda _: calendars_in(OFFICE + 'holidays = "xx"', "f"),
    "calendar.missing_years": lambda _: years_of(2027, 2029),
    "calendar.no_year": lambda _: years_in("", "f"),
    "calendar.unknown_year": lambda _: overridden(shipped()["cn-office"], [date(2199, 1, 1)], []),
    "pack.contradictory": lambda _: checked(VALID_PACK.replace("D 1", 'D 1"\ncontradicts = "D 7'), "f", calendar),
    "pack.no_trait": lambda _: checked(VALID_PACK + '[[clauses.solution.when]]\nsource = "D"', "f", calendar),
    "pack.ambiguous": lambda _: checked(VALID_PACK + OVERRIDES.replace("D 1c", "D").replace(*UNSETTLED), "f", calendar),
    "pack.promised_and_not": lambda _: checked(VALID_PACK + '[unpromised]\nsolution = "D"', "f", calendar),
    "pack.weights": lambda _: checked(VALID_PACK + WEIGHTS, "f", calendar),
    "pack.ladder": lambda _: checked(VALID_PACK.replace("percent = 75", "percent = 175"), "f", calendar),
    "pack.no_clause": lambda _: checked(VALID_PACK + '[callbacks]\nwindow = "never"', "f", calendar),
    "checklist.channel_twice": two_for_one_channel,
    "checklist.unknown_channel": lambda _: parsed_checklist(CHECKLIST.replace('["phone"]', '["pigeon"]'), "f"),
    "checklist.item_twice": lambda _: parsed_checklist(CHECKLIST.replace('code = "closing"', 'code = "greeting"'), "f"),
    "checklist.weights": lambda _: parsed_checklist(CHECKLIST.replace("weight = 60", "weight = 50"), "f"),
    "pack.unknown_kind": lambda _: checked(VALID_PACK + '[phone.mandatory]\nletter = ["text"]', "f", calendar),
    "pack.unknown_field": lambda _: checked(VALID_PACK + '[phone]\nwho = ["shoe_size"]', "f", calendar),
    "pack.unknown_placeholder": lambda _: checked(VALID_PACK + SCRIPT.replace("{handle}", "{name}"), "f", calendar),
    "questionnaire.asked_twice": two_for_one_kind,
    "questionnaire.type_asked_twice": two_for_one_type,
    "questionnaire.unknown_kind": lambda _: parsed_questionnaire(QUESTIONNAIRE.replace('"complaint"', '"letter"'), "f"),
    "questionnaire.unknown_score": lambda _: parsed_questionnaire(QUESTIONNAIRE.replace('"attitude"', '"luck"'), "f"),
    "questionnaire.score_twice": lambda _: parsed_questionnaire(
        QUESTIONNAIRE + QUESTIONNAIRE[QUESTIONNAIRE.index("[[") :], "f"
    ),
}
"""For each code a file that has the fault; those of publishing need a store and have tests of their own."""


def codes() -> set[str]:
    """Return every code of a fault of a rule file in the sources."""
    nodes = (node for source in sources(*ROOMS) for node in source.nodes)
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if CODE.fullmatch(text)}


def check_fault(refused: Refused, code: str) -> None:
    """Check that a refusal names the code, in English as programs read it and in Chinese without English."""
    fault = next(fault for fault in refused.params["faults"] if fault["type"] == code)
    english = catalogue("en")[f"validation.{code}"].format_map(fault["limits"])
    assert code in OWN_WORDS or fault["why"] == english
    assert fault_text("en", fault) == ": ".join(part for part in (fault["field"], english) if part)
    for locale in ("zh_CN", "zh_TW"):
        assert CHINESE.search(fault_text(locale, fault))
        assert ENGLISH.findall(refusal(locale, refused)) == []
        assert not re.search(r"[{}]", fault_text(locale, fault))


@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW", "en"])
def test_every_code_has_a_message_and_every_message_a_code(locale: str):
    keys = (key.removeprefix("validation.") for key in catalogue(locale) if key.startswith("validation."))
    assert {key for key in keys if CODE.fullmatch(key)} == codes()


def test_every_code_has_an_example():
    assert FAULTY.keys() | PUBLISHED == codes()


@pytest.mark.parametrize("code", FAULTY)
def test_a_faulty_file_is_refused_in_the_language_of_the_reader(tmp_path: Path, code: str):
    check_fault(refused_by(lambda: FAULTY[code](tmp_path)), code)


def test_what_publishing_finds_is_said_in_the_language_of_the_reader(sqlite_store: Store):
    add_evaluator(sqlite_store)

    def published(sort: str, text: str) -> Refused:
        return refused_by(lambda: publish(sqlite_store, sort, text, EVA, START, START, "decision 4", "f"))

    check_fault(published("calendar", OFFICE + ALWAYS), "calendar.not_one")
    dated = (START + timedelta(days=9)).date()
    check_fault(published("pack", VALID_PACK.replace("zone", f"effective_from = {dated}\nzone", 1)), "pack.other_date")
    check_fault(published("pack", VALID_PACK + SURVEYS), "pack.survey_kinds")
    check_fault(published("survey", QUESTIONNAIRE), "questionnaire.weights")


def test_an_unknown_calendar_of_a_pack_is_named_as_where_it_is_asked_for():
    text = VALID_PACK.replace('source = "D 1"', 'calendar = "moon"\nsource = "D 1"')
    [fault] = refused_by(lambda: checked(text, "f", calendar)).params["faults"]
    assert fault["why"].startswith("unknown_calendar: moon; known: ")
    assert fault_text("zh_CN", fault).startswith("clauses.first_reply.calendar: 没有名为“moon”的工作日历")
    assert fault_text("en", fault).startswith("clauses.first_reply.calendar: There is no working calendar “moon”")


def test_a_limit_beyond_every_calendar_is_refused_in_the_language_of_the_reader(sqlite_store: Store):
    add_evaluator(sqlite_store)
    text = VALID_PACK.replace('unit = "hours"', 'unit = "days"').replace("amount = 2", f"amount = {MOST}")
    refused = refused_by(lambda: publish(sqlite_store, "pack", text, EVA, START, START, "decision 4", "f"))
    [fault] = refused.params["faults"]
    assert fault["why"] == "deadline_too_far: cn-hotline"
    for locale in ("zh_CN", "zh_TW"):
        assert CHINESE.search(fault_text(locale, fault))
        assert ENGLISH.findall(refusal(locale, refused)) == []


def test_what_is_no_number_is_named_in_the_language_of_the_reader():
    text = VALID_PACK + "[callbacks]\nattempts = nan\n"
    refused = refused_by(lambda: checked(text, "f", calendar))
    [fault] = refused.params["faults"]
    assert (fault["field"], fault_text("zh_CN", fault)) == ("callbacks.attempts", "callbacks.attempts: 须为数字")
    assert fault_text("en", fault) == "callbacks.attempts: must be a number"
