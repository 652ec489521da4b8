"""Only the evaluation group publishes; a faulty text is refused whole; a published edition does not change."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from engine.rules.editions import EditionRow, editions, mark_projected, unprojected
from engine.rules.in_force import Sort, rules_of
from engine.rules.interpretations import interpret, interpretations
from engine.rules.policy import POLICIES, pack
from engine.rules.publishing import Published, import_years, override, publish
from engine.store import Store
from models.columns import to_micros
from tests.case_actions import AGENT, DAY, HOUR, MANAGER, START, query_rows, refusal, run_concurrently
from tests.engine.rules.sample_rules import EVA, OFFICE, add_evaluator, pack_text

YEAR = "[2027]\noff = [2027-01-01, 2027-02-05]\nworked = [2027-01-30]\n"
FAIR, SATURDAY = date(2026, 5, 6), date(2026, 5, 16)


def editions_of(store: Store, name: str = "logistics", sort: str = "pack") -> list[EditionRow]:
    with store.looking() as tx:
        return editions(tx, sort, name)


def publish_text(
    store: Store, text: str, after: timedelta = timedelta(), by: str = EVA, sort: str = "pack"
) -> Published:
    return publish(store, sort, text, by, START, START + after, "decision 4", "some.toml")


@pytest.mark.requirement("F4")
def test_the_evaluation_group_publishes_with_date_and_reason(store: Store):
    add_evaluator(store)
    published = publish_text(store, pack_text("logistics", 4), after=DAY)
    assert published == Published(Sort.PACK, "logistics", "2", START + DAY, new=True)
    [row] = editions_of(store)
    assert (row.version, row.published_by, row.reason, row.projected_at) == ("2", EVA, "decision 4", None)
    assert (row.effective_from, row.published_at) == (to_micros(START + DAY), to_micros(START))
    assert row.content == pack_text("logistics", 4)


COMMANDS: dict[str, Callable[..., Any]] = {
    "publish": lambda store, by: publish(store, "pack", pack_text("logistics", 4), by, START, START, "why"),
    "import": lambda store, by: import_years(store, "cn-office", YEAR, by, START, "why"),
    "override": lambda store, by: override(store, "cn-office", [FAIR], [], by, START, "why"),
    "interpret": lambda store, by: interpret(store, "logistics", "revisit", "from completion", by, START),
}


@pytest.mark.requirement("F4")
@pytest.mark.parametrize("by", [AGENT, MANAGER, "system", "nobody"])
@pytest.mark.parametrize("command", COMMANDS)
def test_nobody_else_may_publish(sqlite_store: Store, command: str, by: str):
    refused = refusal(lambda: COMMANDS[command](sqlite_store, by))
    assert refused.code == ("unknown_actor" if by == "nobody" else "not_evaluation_group")
    assert refused.params == {"handle": by}
    assert query_rows(sqlite_store, "SELECT id FROM edition UNION ALL SELECT id FROM interpretation") == []


def test_publishing_the_same_pack_again_changes_nothing(store: Store):
    add_evaluator(store)
    publish_text(store, pack_text("logistics", 4), after=DAY)
    again = publish_text(store, pack_text("logistics", 4) + "# a remark\n", after=DAY)
    assert (again.new, again.effective_from) == (False, START + DAY)
    assert len(editions_of(store)) == 1


@pytest.mark.requirement("F4")
def test_a_version_is_in_force_from_one_date_only(store: Store):
    """The record names an edition by its version; the answer to another date must not be that nothing changed."""
    add_evaluator(store)
    publish_text(store, pack_text("logistics", 4), after=DAY)
    refused = refusal(lambda: publish_text(store, pack_text("logistics", 4), after=9 * DAY))
    assert (refused.code, refused.params) == ("edition_exists", {"name": "logistics", "version": "2"})
    assert [row.effective_from for row in editions_of(store)] == [to_micros(START + DAY)]


@pytest.mark.requirement("F4")
def test_no_edition_takes_effect_in_the_past(store: Store):
    add_evaluator(store)
    refused = refusal(lambda: publish_text(store, pack_text("logistics", 4), after=-HOUR))
    assert (refused.code, refused.params["now"]) == ("effective_in_the_past", START.isoformat())
    assert publish_text(store, pack_text("logistics", 4)).new, "from now on"


def test_the_shipped_file_counts_as_the_first_edition(store: Store):
    add_evaluator(store)
    text = (POLICIES / "logistics.toml").read_text("utf-8")
    assert publish_text(store, text) == Published(Sort.PACK, "logistics", pack("logistics").version, None, new=False)
    other = text.replace("amount = 24", "amount = 25")
    assert refusal(lambda: publish_text(store, other)).code == "edition_exists"
    assert editions_of(store) == []


def test_a_version_names_one_content_only(store: Store):
    add_evaluator(store)
    publish_text(store, pack_text("logistics", 4))
    refused = refusal(lambda: publish_text(store, pack_text("logistics", 5)))
    assert (refused.code, refused.params) == ("edition_exists", {"name": "logistics", "version": "2"})
    publish_text(store, pack_text("logistics", 5, "3"))
    assert refusal(lambda: publish_text(store, pack_text("logistics", 6))).code == "edition_exists"
    assert [row.version for row in editions_of(store)] == ["2", "3"]


def test_an_earlier_content_is_published_again_under_a_new_version(store: Store):
    add_evaluator(store)
    for text in (pack_text("logistics", 4), pack_text("logistics", 5, "3")):
        assert publish_text(store, text).new
    assert refusal(lambda: publish_text(store, pack_text("logistics", 4))).code == "edition_exists"
    assert publish_text(store, pack_text("logistics", 4, "4")).new
    assert [row.version for row in editions_of(store)] == ["2", "3", "4"]


def test_no_edition_takes_effect_before_the_newest_one(store: Store):
    add_evaluator(store)
    publish_text(store, pack_text("logistics", 4), after=DAY)
    refused = refusal(lambda: publish_text(store, pack_text("logistics", 5, "3"), after=DAY - HOUR))
    assert (refused.code, refused.params["newest"]) == ("effective_too_early", (START + DAY).isoformat())
    assert publish_text(store, pack_text("haulage", 5, "3"), after=HOUR).new, "another pack has its own editions"


def test_a_date_in_the_text_must_be_the_date_of_effect(sqlite_store: Store):
    add_evaluator(sqlite_store)
    dated = "effective_from = 2026-03-03\n" + pack_text("logistics", 4)
    [fault] = refusal(lambda: publish_text(sqlite_store, dated, after=2 * DAY)).params["faults"]
    assert fault["field"] == "effective_from"
    assert publish_text(sqlite_store, dated, after=DAY).new


BAD = {
    "no toml": ("pack", "name = ", "bad_pack", ""),
    "a fault": ("pack", pack_text("logistics", 0), "bad_pack", "clauses.first_reply.amount"),
    "an unknown calendar": (
        "pack",
        pack_text("logistics", 4).replace('"hours"', '"hours"\ncalendar = "moon"'),
        "bad_pack",
        "clauses.first_reply.calendar",
    ),
    "no calendar": ("calendar", "", "bad_calendar", ""),
    "two calendars": ("calendar", OFFICE + OFFICE.replace("cn-", "tw-"), "bad_calendar", ""),
    "a bad calendar": ("calendar", OFFICE.replace("11:00", "09:00"), "bad_calendar", "cn-office.hours"),
}


@pytest.mark.requirement("F4")
@pytest.mark.parametrize("case", BAD)
def test_a_faulty_text_is_refused_whole_with_the_field(sqlite_store: Store, case: str):
    add_evaluator(sqlite_store)
    sort, text, code, field = BAD[case]
    refused = refusal(lambda: publish_text(sqlite_store, text, sort=sort))
    assert (refused.code, refused.params["file"]) == (code, "some.toml")
    assert [fault["field"] for fault in refused.params["faults"]] == [field]
    assert query_rows(sqlite_store, "SELECT id FROM edition") == []


def test_publishing_needs_a_reason(sqlite_store: Store):
    add_evaluator(sqlite_store)
    refused = refusal(lambda: publish(sqlite_store, "pack", pack_text("logistics", 4), EVA, START, START, " "))
    assert refused.code == "no_reason"


def test_a_pack_may_use_a_published_calendar(sqlite_store: Store):
    add_evaluator(sqlite_store)
    publish_text(sqlite_store, OFFICE.replace("cn-office", "night-desk"), sort="calendar")
    text = pack_text("logistics", 4).replace('"hours"', '"business_hours"\ncalendar = "night-desk"')
    assert publish_text(sqlite_store, text).new
    assert rules_of(sqlite_store).calendar("night-desk").weekdays == (0,)


@pytest.mark.requirement("D1")
def test_an_imported_year_extends_the_calendar(store: Store):
    add_evaluator(store)
    before = rules_of(store).calendar("cn-office")
    assert import_years(store, "cn-office", YEAR, EVA, START, "notice 7", "2027.toml").new
    after = rules_of(store).calendar("cn-office")
    assert (before.covered_until, after.covered_until) == (date(2026, 12, 31), date(2027, 12, 31))
    assert [after.works(date(2027, *day)) for day in ((1, 30), (2, 5), (2, 4), (2, 6))] == [True, False, True, False]
    assert after.works(date(2026, 10, 10)), "the years before are kept"
    assert not import_years(store, "cn-office", YEAR, EVA, START + DAY, "notice 7").new
    [row] = editions_of(store, "cn-office", "calendar")
    assert (row.version, row.reason) == (after.version, "notice 7")


def test_a_year_imported_again_replaces_the_earlier_one(sqlite_store: Store):
    add_evaluator(sqlite_store)
    import_years(sqlite_store, "cn-office", YEAR, EVA, START, "notice 7")
    import_years(sqlite_store, "cn-office", "[2027]\noff = ['2027-01-01']\n", EVA, START, "notice 8")
    office = rules_of(sqlite_store).calendar("cn-office")
    assert [office.works(date(2027, *day)) for day in ((1, 30), (2, 5), (1, 1))] == [False, True, False]


def test_single_days_are_overridden_and_restored(store: Store):
    add_evaluator(store)
    override(store, "cn-office", [FAIR], [SATURDAY], EVA, START, "the fair")
    office = rules_of(store).calendar("cn-office")
    assert (office.works(FAIR), office.works(SATURDAY)) == (False, True)
    override(store, "cn-office", [SATURDAY], [FAIR], EVA, START, "no fair")
    office = rules_of(store).calendar("cn-office")
    assert (office.works(FAIR), office.works(SATURDAY)) == (True, False)


BAD_DAYS: dict[str, tuple[Callable[..., Any], str, str]] = {
    "a gap": (partial(import_years, name="cn-office", text=YEAR.replace("2027", "2028")), "years", "2027 is missing"),
    "no year": (partial(import_years, name="cn-office", text=""), "", "no year"),
    "a day of another year": (
        partial(import_years, name="cn-office", text="[2027]\noff = [2028-01-01]\n"),
        "2027.off.0",
        "day of 2027",
    ),
    "a day off and worked": (
        partial(import_years, name="cn-office", text="[2027]\noff = [2027-01-03]\nworked = [2027-01-03]\n"),
        "2027",
        "both",
    ),
    "a calendar that never sleeps": (
        partial(import_years, name="cn-hotline", text=YEAR),
        "cn-hotline.hours",
        "never sleeps",
    ),
    "an unknown year": (
        partial(override, name="cn-office", off=[date(2027, 5, 6)], worked=[]),
        "off",
        "import it first",
    ),
    "off and worked at once": (partial(override, name="cn-office", off=[FAIR], worked=[FAIR]), "off", "both"),
}


@pytest.mark.parametrize("case", BAD_DAYS)
def test_impossible_days_are_refused_with_field_and_reason(sqlite_store: Store, case: str):
    add_evaluator(sqlite_store)
    change, field, why = BAD_DAYS[case]
    refused = refusal(lambda: change(sqlite_store, by=EVA, at=START, reason="why"))
    [fault] = refused.params["faults"]
    assert (refused.code, fault["field"]) == ("bad_calendar", field)
    assert why in fault["why"]
    assert query_rows(sqlite_store, "SELECT id FROM edition") == []


def test_a_calendar_takes_effect_at_once(sqlite_store: Store):
    add_evaluator(sqlite_store)
    refused = refusal(lambda: publish_text(sqlite_store, OFFICE, after=DAY, sort="calendar"))
    assert (refused.code, refused.params) == ("calendar_not_later", {"calendar": "cn-office"})


def test_an_edition_is_unprojected_from_its_instant_until_timers_are_reprojected(store: Store):
    add_evaluator(store)
    publish_text(store, pack_text("logistics", 4), after=DAY)
    publish_text(store, pack_text("logistics", 5, "3"), after=2 * DAY)
    publish_text(store, pack_text("haulage", 4), after=DAY)

    def unprojected_at(after: timedelta) -> list[tuple[str, str]]:
        with store.looking() as tx:
            return [(edition.name, edition.version) for edition in unprojected(tx, to_micros(START + after))]

    assert [unprojected_at(after) for after in (timedelta(), DAY, 2 * DAY)] == [
        [],
        [("logistics", "2"), ("haulage", "2")],
        [("haulage", "2"), ("logistics", "3")],
    ]
    with store.writing() as tx:
        mark_projected(tx, to_micros(START + DAY), newest=99)
    assert unprojected_at(DAY) == []
    assert unprojected_at(2 * DAY) == [("logistics", "3")]
    assert [row.projected_at for row in editions_of(store)] == [to_micros(START + DAY), None]


def test_of_two_editions_of_one_instant_only_the_later_is_unprojected(store: Store):
    add_evaluator(store)
    for text in (pack_text("logistics", 4), pack_text("logistics", 5, "3")):
        publish_text(store, text, after=DAY)
    with store.looking() as tx:
        assert [edition.version for edition in unprojected(tx, to_micros(START + DAY))] == ["3"]


def test_of_two_concurrent_publications_the_second_is_refused(store: Store):
    add_evaluator(store)
    results = run_concurrently([lambda n=n: publish_text(store, pack_text("logistics", n)) for n in (4, 5)])
    assert sorted(type(result).__name__ for result in results) == ["Published", "Refused"]
    assert len(editions_of(store)) == 1


@pytest.mark.requirement("F4")
def test_an_interpretation_of_a_clause_is_stored_with_its_author(store: Store):
    add_evaluator(store)
    for n, text in enumerate(("from receipt", "from completion")):
        interpret(store, "logistics", "revisit", text, EVA, START + n * DAY)
    interpret(store, "logistics", "compensation", "per case", EVA, START)
    with store.looking() as tx:
        rows = interpretations(tx, "logistics")
        assert interpretations(tx, "shipping") == []
    assert [(row.clause, row.content, row.recorded_by) for row in rows] == [
        ("revisit", "from receipt", EVA),
        ("revisit", "from completion", EVA),
        ("compensation", "per case", EVA),
    ]
    assert rows[1].recorded_at == to_micros(START + DAY)


@pytest.mark.parametrize(
    ("name", "clause", "text", "code"),
    [
        ("moon", "revisit", "x", "unknown_pack"),
        ("logistics", "moon", "x", "unknown_clause"),
        ("logistics", "revisit", "  ", "no_text"),
    ],
)
def test_only_a_known_clause_of_a_known_pack_can_be_interpreted(
    sqlite_store: Store, name: str, clause: str, text: str, code: str
):
    add_evaluator(sqlite_store)
    assert refusal(lambda: interpret(sqlite_store, name, clause, text, EVA, START)).code == code
