"""Every word that people read is there in every language, asks for what the code gives, and keeps the glossary."""

import re
import string
import tomllib
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from engine.calendars.calendar import POLICIES
from locales.messages import Messages, flat
from locales.translation import DEFAULT, LOCALES, catalogue, label, locales, refusal, translate
from models.contact import Channel
from reports.figures import LateStep, Trend
from reports.markdown import SHOWN
from reports.morning_report import TRENDS, MorningReport
from reports.morning_report_text import render
from reports.night_health import NightHealth
from reports.overdue import OverduePromise
from reports.run_figures import DeadDelivery, UnobservedRuns
from statemachines.forms import Outcome, Severity, Unanswered
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Milestone, Refused
from statemachines.roles import LEVELS, Role

LANGUAGES = ("en", "zh_CN", "zh_TW")
MADE_BY_THE_ENGINE = ("open", "carried_over")
SHARED = {
    "milestone": [one.value for one in Milestone],
    "level": [str(level) for level in range(len(LEVELS))],
    "role": [one.value for one in Role],
    "kind": list(lifecycles()),
    "severity": [one.value for one in Severity],
    "channel": [one.value for one in Channel],
    "outcome": ["met", "breached", "stopped", "done", *Outcome, *Unanswered],
    "via": ["cli", "api", "flow", "import", "timer", "prefect-form"],
}
HAN = re.compile(r"[\u4e00-\u9fff]")
each_language = pytest.mark.parametrize("locale", LANGUAGES)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@each_language
def test_the_languages_say_the_same_things_with_the_same_parameters(locale: str):
    words, default = catalogue(locale), catalogue(DEFAULT)
    assert tuple(locales()) == LANGUAGES
    assert words.keys() == default.keys()
    assert [key for key, text in words.items() if placeholders(text) != placeholders(default[key])] == []


@each_language
def test_every_message_says_something_and_asks_by_name(locale: str):
    for key, text in catalogue(locale).items():
        assert isinstance(text, str), key
        assert text.strip(), key
        assert all(name.isidentifier() for name in placeholders(text)), key


@each_language
def test_a_message_is_found_alone_as_among_all(locale: str):
    for path in sorted((LOCALES / locale).glob("*.toml")):
        for key, text in flat(tomllib.loads(path.read_text("utf-8"))):
            assert catalogue(locale)[key] == text
    assert dict(Messages(LOCALES / locale)) == dict(catalogue(locale))
    first, *_, last = catalogue(locale)
    for key in (first, last, "refused.usage", "bad_file.at_row", "state.open"):
        assert Messages(LOCALES / locale).get(key) == dict(catalogue(locale)).get(key)


@each_language
def test_no_message_stands_in_two_files(locale: str):
    files = [tomllib.loads(path.read_text("utf-8")) for path in (LOCALES / locale).glob("*.toml")]
    times = Counter(key for tree in files for key, _ in flat(tree))
    assert [key for key, count in times.items() if count > 1] == []


@each_language
@pytest.mark.parametrize("kind", lifecycles())
def test_every_lifecycle_has_its_labels(locale: str, kind: str):
    table, words = lifecycles()[kind], catalogue(locale)
    names = {
        "state": [state.name for state in table.states],
        "move": [*(move.name for move in table.moves), *MADE_BY_THE_ENGINE],
        "clause": [clause.name for clause in table.clauses],
        "guard": [move.guard.name for move in table.moves if move.guard],
    }
    wanted = {(f"{kind}.{sort}.{name}", f"{sort}.{name}") for sort, some in names.items() for name in some}
    assert [own for own, shared in sorted(wanted) if own not in words and shared not in words] == []


@each_language
def test_what_all_kinds_share_has_its_labels(locale: str):
    wanted = [f"{sort}.{name}" for sort, names in SHARED.items() for name in names]
    assert [key for key in wanted if key not in catalogue(locale)] == []


@each_language
def test_the_rules_name_what_has_a_label(locale: str):
    rules = tomllib.loads((POLICIES / "categories.toml").read_text("utf-8"))["category"]
    wanted = {
        f"{sort}.{name}"
        for rule in rules
        for sort, name in (("category", rule["code"]), ("department", rule["department"]))
    }
    assert wanted | {"category.unclassified"} <= catalogue(locale).keys()


@each_language
def test_no_two_states_or_moves_of_a_kind_read_alike(locale: str):
    for kind, table in lifecycles().items():
        for sort, names in (("state", {one.name for one in table.states}), ("move", set(table.rows))):
            shown = Counter(label(locale, kind, sort, name) for name in names)
            assert [text for text, times in shown.items() if times > 1] == []


def test_what_is_not_given_stays_in_sight():
    assert "{number}" in translate("en", "mail.dead.subject", reaction="x")
    assert translate("en", "no.such.message", number=1) == "no.such.message"
    assert label("zh_CN", "complaint", "state", "no_such_state") == "no_such_state"


def test_a_refusal_reads_well_with_lists():
    refused = Refused("unknown_kind", kind="x", known=["complaint", "order"])
    assert refusal("en", refused) == "There is no kind of case “x”. Use one of: complaint, order."


@each_language
def test_the_report_is_all_words(locale: str):
    for report in (busy_night(), replace(busy_night(), **QUIET)):
        text = render(report, locale)
        assert not re.search(r"report\.|\w+\.(?:state|clause|level|department)\.|[{}]", text), text


LATE = LateStep(
    "cp-26-000001", "complaint", "received", "first_reply", 100, 2, datetime(2026, 3, 2, tzinfo=UTC), "claims", None
)
OVERDUE = OverduePromise(
    number=LATE.number,
    kind=LATE.kind,
    clause=LATE.clause,
    cycle=1,
    occurrence=1,
    due_at=LATE.due_at,
    level=2,
    timer_level=2,
    department="claims",
    owner=None,
    severity="high",
    customer_type="enterprise",
    state="received",
    pack="logistics",
    role=Role.DEPARTMENT_MANAGER,
    asked=("mei",),
    last_human_at=None,
    last_human_move="classify",
    last_human_by="amy",
    paused=False,
)
QUIET = {"late": [], "overdue": [], "unwatched": [], "board": Counter(), "callbacks": []}


def busy_night() -> MorningReport:
    at = LATE.due_at
    return MorningReport(
        at=at,
        since=at,
        cases=3,
        board=Counter({("complaint", "received", 1): 2}),
        late=[LATE] * (SHOWN + 1),
        overdue=[OVERDUE, replace(OVERDUE, number="cp-26-000002", asked=(), paused=True, last_human_at=at)],
        unwatched=[("cp-26-000002", None, at)] * (SHOWN + 1),
        callbacks=[("cp-26-000001", 1, at)] * (SHOWN + 1),
        opinions=Counter(),
        trends={name: Trend(3, 1.5) for name in TRENDS},
        resolved_within={"2h": 1, "24h": 2},
        health=NightHealth(at, True, UnobservedRuns(2, at, at), (DeadDelivery("cp-26-000001", 3, "x", None),), 4, 5),
    )


def breaches(locale: str, rule: str) -> list[str]:
    return [key for key, text in catalogue(locale).items() if re.search(rule, text)]


def test_the_glossary_is_kept():
    """A bare 申訴 reads as a complaint in Taiwan, a bare 升级 as a software upgrade."""
    assert breaches("zh_TW", "(?<!員工)(?<!評價)申訴") == []
    assert breaches("zh_CN", "升级(?!上报|台账)") == []
    assert breaches("zh_TW", "升級(?!呈報|紀錄表)") == []
    assert breaches("zh_CN", "(?<!违规)案件") == [], "a case is 工单, except in the name of the kind 违规案件"
    assert breaches("zh_TW", "工單") == [], "a case is 案件"
    assert breaches("zh_CN", "级别|承办人") == [], "a level is 层级, a handler 经办人"
    assert breaches("zh_TW", "級別|舉報|辦結") == [], "層級, 檢舉, 結辦"
    assert breaches("zh_TW", "經辦|超時|台賬|數據|軟件|信息|默認|網絡|回復|短信|郵箱|服務器|運行") == []


@pytest.mark.parametrize(("locale", "charset"), [("zh_CN", "gb2312"), ("zh_TW", "big5")])
def test_no_character_of_the_other_script(locale: str, charset: str):
    for key, text in catalogue(locale).items():
        assert "".join(HAN.findall(text)).encode(charset, "replace").count(b"?") == 0, key
