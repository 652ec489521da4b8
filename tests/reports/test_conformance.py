"""The report on a replayed log: each figure is true of the log as it stands, in three languages and as a picture."""

import json
import re

import pytest

from engine.replay.event_buffer import EventBuffer
from engine.store import Store
from locales.translation import locales
from models.log_event import MappedEvent
from reports.conformance import gather
from reports.conformance_figures import Conformance, EventReference
from reports.conformance_text import document, picture, render
from reports.discovered_model import span
from reports.judged_promises import moves_of_log
from statemachines.complaint import COMPLAINT
from tests.engine.replay.logs import MEANINGS, SOURCE, replay_log, steps

LOG_MOVES = moves_of_log(
    COMPLAINT,
    [meaning["move"] for meaning in MEANINGS.values() if "move" in meaning],
    [meaning["state"] for meaning in MEANINGS.values() if "state" in meaning],
)
FITS = (("new", 0), ("sorted", 1), ("looked at", 1), ("done", 1.5), ("over", 30))
REOPENED = (("new", 0), ("sorted", 2), ("looked at", 2), ("done", 50), ("in work", 60), ("done", 61), ("over", 99))
SKIPS = (("new", 0), ("sorted", 1), ("done", 2), ("done", 3), ("remark", 4))
GOES_ON = (*FITS, ("in work", 40), ("gibberish", 41))


def log() -> list[MappedEvent]:
    cases = (FITS, REOPENED, SKIPS, GOES_ON)
    return [step for n, told in enumerate(cases) for step in steps(f"c{n}", *told, first=100 * n + 1)]


def report(store: Store, bridge: bool = False, strays: tuple[tuple[str, int, int], ...] = ()) -> Conformance:
    replay_log(store, *log(), bridge=bridge)
    return gather(store, COMPLAINT, Conformance(SOURCE, "complaint", "logistics", bridge), strays, LOG_MOVES)


def test_events_and_cases_are_counted_and_add_up(store: Store):
    told = report(store, strays=(("bad_log.no_case", 2, 7),))
    assert (told.cases, told.events, told.fitting_cases) == (4, 26, 2)
    assert told.applied + told.refusals + told.ignored.total() == told.events
    assert {reason: found.times for reason, found in told.refused.items()} == {
        "bad_log.no_case": 2,
        "not_now": 2,
        "after_the_end": 1,
        "unknown_word": 1,
    }
    assert told.event_fitness == round(20 / 26, 4)
    assert told.case_fitness == 0.5


def test_reasons_name_cases_and_rows_for_example(sqlite_store: Store):
    told = report(sqlite_store)
    [example] = told.refused["not_now"].examples
    assert example.row == 203
    assert example.number.startswith("cp-")
    assert told.refused["not_now"].words == {"done": 2}
    assert EventReference("", 7) == (EventReference("", 7).number, 7)


def test_what_the_log_itself_tells_does_not_depend_on_our_lifecycle(sqlite_store: Store):
    told = report(sqlite_store)
    assert (told.reopened_cases, told.reopenings, told.resolved_twice) == (2, 2, 2)
    assert (told.unprepared, told.cases_after_end, told.events_after_end) == (1, 1, 2)
    assert (told.self_loops, told.rework) == (1, 3)


def test_work_handed_to_and_fro_between_departments_is_counted(sqlite_store: Store):
    words = ("sorted", "remark", "remark", "remark", "remark")
    departments = ("claims", "claims", "depot", "claims", "depot")
    told = [
        step
        for n, (word, department) in enumerate(zip(words, departments, strict=True))
        for step in steps("a", (word, n), first=n + 1, department=department)
    ]
    replay_log(sqlite_store, *told)
    found = gather(sqlite_store, COMPLAINT, Conformance(SOURCE, "complaint", "logistics", False), (), LOG_MOVES)
    assert found.ping_pong == 2


@pytest.mark.requirement("A5")
def test_deadlines_kept_and_broken_are_told_by_promise(sqlite_store: Store):
    promises = report(sqlite_store).promises
    assert (promises["first_reply"].kept, promises["first_reply"].broken) == (2, 2)
    assert (promises["solution"].kept, promises["solution"].broken) == (3, 2)


@pytest.mark.requirement("A5")
@pytest.mark.requirement("E2")
def test_a_promise_of_which_the_log_has_no_word_is_not_judged(store: Store):
    """The log's words never mean a reply, a result or a solution, so nobody knows whether the customer had them."""
    replay_log(store, *steps("a", ("new", 0), ("sorted", 1), ("looked at", 1)))
    silent = moves_of_log(COMPLAINT, ["classify", "investigate"], [])
    empty = Conformance(SOURCE, "complaint", "logistics", False)
    report_ = gather(store, COMPLAINT, empty, (), silent)
    for clause in ("first_reply", "solution"):
        assert report_.not_judged[clause].keys() == {"clause_not_in_log"}
        assert (report_.promises[clause].kept, report_.promises[clause].broken) == (0, 0)
    found = document(report_)
    assert found["promises"]["solution"]["not_judged"] == found["not_judged"]["solution"]["clause_not_in_log"] == 1
    page = render(report_, "en")
    assert "Not judged, because the log has no word for what meets it: First reply 1, " in page


@pytest.mark.requirement("A5")
@pytest.mark.requirement("E2")
def test_a_promise_without_an_instant_is_not_judged(store: Store):
    """One result has no time. Before another one two steps are inferred, but the result itself has its time."""
    untimed = steps("a", ("new", 0), ("sorted", 1), ("looked at", 1), ("done", None))
    bridged = steps("b", ("new", 0), ("done", 50), first=11)
    replay_log(store, *untimed, *bridged, bridge=True)
    empty = Conformance(SOURCE, "complaint", "logistics", True)
    report_ = gather(store, COMPLAINT, empty, (), LOG_MOVES)
    assert report_.not_judged["solution"] == {"no_instant": 1}, "the untimed result may have kept it"
    assert (report_.promises["solution"].kept, report_.promises["solution"].broken) == (0, 1), "told after 50 hours"
    assert "revisit" not in report_.not_judged, "the result itself began it"


def test_time_in_a_state_is_told_by_median_and_nine_in_ten(sqlite_store: Store):
    stays = report(sqlite_store).stays
    hour = 3_600_000_000
    assert stays["received"].visits == 4
    assert stays["received"].median == hour
    assert stays["received"].p90 == 2 * hour
    assert stays["investigated"].visits == 4


def test_the_picture_shows_how_often_and_how_long(sqlite_store: Store):
    told = report(sqlite_store)
    drawn = picture(told, "en")
    assert drawn.startswith("stateDiagram-v2\n")
    assert "    [*] --> received: Open 4\n" in drawn
    assert '"Received · to be classified (1 h 0 min)" as received' in drawn
    assert "resolved --> investigated: Reopen 1" in drawn
    assert drawn.endswith("archived --> [*]\n")


@pytest.mark.parametrize("locale", locales())
@pytest.mark.parametrize("bridge", [False, True])
def test_the_page_says_everything_in_each_language(sqlite_store: Store, locale: str, bridge: bool):
    page = render(report(sqlite_store, bridge), locale)
    assert "```mermaid" in page
    assert "{" not in page
    assert not re.search(r"\breplay\.\w", page), "a word is missing"
    assert len(re.findall(r"^\| ", page, re.MULTILINE)) > 20


def test_the_document_is_plain_json_with_the_figures_by_name(sqlite_store: Store):
    told = json.loads(json.dumps(document(report(sqlite_store, bridge=True))))
    wanted = ("cases", "events", "applied", "ignored", "refused", "inferred", "reopened_cases", "reasons")
    assert all(name in told for name in wanted)
    assert told["applied"] + told["ignored"] + told["refused"] == told["events"]
    assert sum(told["reasons"].values()) == told["refused"]
    assert told["inferred"] > 0


def test_a_log_without_a_case_has_a_report_too(sqlite_store: Store):
    with EventBuffer(sqlite_store.home) as buffer:
        assert buffer.sort() == 0
    told = gather(
        sqlite_store, COMPLAINT, Conformance(SOURCE, "complaint", "logistics", False), (("bad_log.no_case", 1, 1),), ()
    )
    assert (told.cases, told.events, told.event_fitness) == (0, 1, 0.0)
    assert "stateDiagram-v2" in render(told, "en")


@pytest.mark.parametrize(
    ("micros", "words"),
    [
        (0, "0 s"),
        (59_999_999, "59 s"),
        (60_000_000, "1 min"),
        (3_660_000_000, "1 h 1 min"),
        (90_000_000_000, "1 d 1 h"),
    ],
)
def test_a_length_of_time_is_told_in_its_two_largest_units(micros: int, words: str):
    assert span("en", micros) == words
