"""A bridge invents nothing: no result, no end and no new round that the log does not show; what it infers is marked."""

from typing import Any

import pytest

from engine.audit.verify import verify
from engine.store import Store
from models.columns import to_micros
from models.log_event import LogEvent, MappedEvent
from tests.case_actions import HOUR, case_of, history_of, query_rows, timer_of
from tests.engine.replay.logs import BEGAN, only_case, replay_log, steps

pytestmark = pytest.mark.any_database

STATES: dict[str, dict[str, Any]] = {
    "New": {"state": "received"},
    "Queued": {"state": "classified"},
    "In Progress": {"state": "investigated"},
    "Waiting": {"state": "waiting_for_customer"},
    "Resolved": {"state": "resolved"},
    "Closed": {"state": "archived"},
}
ORDERS: dict[str, dict[str, Any]] = {
    "bought": {"move": "promise", "form": {"promise": "by Saturday", "due_at": (BEGAN + 900 * HOUR).isoformat()}},
    "approved": {"move": "review", "form": {"accurate": True, "complete": True, "category": "transport_order"}},
    "delivered": {"move": "complete", "form": {"done": "delivered"}},
    "cancelled": {"state": "cancelled"},
    "reviewed again": {"state": "reviewed"},
    "under way": {"state": "executing"},
    "at the door": {"state": "accepting"},
    "survey": {"move": "revisit", "form": {"outcome": "dissatisfied", "quality": 1}},
}


def told(meanings: dict[str, dict[str, Any]], *words: str, fill: dict[str, Any] | None = None) -> list[MappedEvent]:
    """Return the events of one case, an hour apart."""
    return [
        MappedEvent(LogEvent(n, "a", word, BEGAN + n * HOUR), fill=fill or {}, **meanings[word])
        for n, word in enumerate(words, 1)
    ]


def moves(store: Store, number: str) -> list[tuple[str, bool]]:
    """Return the moves of a replay, each with whether it is marked as inferred."""
    return [(row["move"], bool(row["inferred"])) for row in history_of(store, number) if row["via"] == "replay"]


@pytest.mark.requirement("B3")
def test_a_case_handed_back_twice_before_its_result_stays_in_its_first_cycle(store: Store):
    words = ["New", "Queued", "In Progress", "Queued", "In Progress", "Queued", "In Progress", "Resolved", "Closed"]
    number, statistics = only_case(replay_log(store, *told(STATES, *words), bridge=True))
    assert moves(store, number) == [
        *[("open", False), ("classify", False), ("investigate", False)],
        *[("hand_back", True), ("investigate", False)] * 2,
        *[("resolve", False), ("close", False)],
    ]
    assert (case_of(store, number)["cycle"], statistics.hand_backs, statistics.reopenings) == (1, 2, 0)
    kept = query_rows(store, "SELECT clause, count(*) AS n FROM timer WHERE clause IN ('first_reply', 'solution')"
                             " GROUP BY clause ORDER BY clause")  # fmt: skip
    assert kept == [{"clause": "first_reply", "n": 1}, {"clause": "solution", "n": 1}]
    assert timer_of(store, number, "solution")["closed_at"] == to_micros(BEGAN + 8 * HOUR), "the result that is there"
    assert verify(store).ok


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["Queued", "New", "Queued"], ["classify", "hand_back_to_desk*", "classify"]),
        (["In Progress", "New", "Queued"], ["classify*", "investigate", "hand_back_to_desk*", "classify"]),
        (["In Progress", "Waiting", "Queued"],
         ["classify*", "investigate", "ask_customer", "customer_answers*", "hand_back*"]),
        (["In Progress", "Queued", "Closed"],
         ["classify*", "investigate", "hand_back*", "investigate*", "resolve*", "close"]),
        (["In Progress", "Resolved", "Queued"], ["classify*", "investigate", "resolve", "start_over*"]),
        (["In Progress", "Resolved", "Waiting"],
         ["classify*", "investigate", "resolve", "reopen*", "ask_customer"]),
        (["In Progress", "Resolved", "In Progress"], ["classify*", "investigate", "resolve", "reopen"]),
        (["Resolved", "New"], ["classify*", "investigate*", "resolve", "reopen*", "hand_back_to_desk*"]),
    ],
)  # fmt: skip
def test_every_move_that_the_log_does_not_show_is_marked(sqlite_store: Store, words: list[str], expected: list[str]):
    number, statistics = only_case(replay_log(sqlite_store, *told(STATES, "New", *words), bridge=True))
    assert [move + "*" * inferred for move, inferred in moves(sqlite_store, number)] == ["open", *expected]
    assert (statistics.refused, statistics.inferred) == ({}, sum(move.endswith("*") for move in expected))


def test_without_a_bridge_a_hand_back_is_a_deviation(sqlite_store: Store):
    number, statistics = only_case(replay_log(sqlite_store, *told(STATES, "New", "Queued", "In Progress", "Queued")))
    assert (statistics.refused, statistics.inferred) == ({"no_way": [1, 4]}, 0)
    assert case_of(sqlite_store, number)["state"] == "investigated"


def test_a_survey_shows_no_result_and_a_complaint_without_one_is_not_resolved(sqlite_store: Store):
    survey = {"survey": {"move": "revisit", "form": {"outcome": "satisfied"}}}
    number, statistics = only_case(
        replay_log(sqlite_store, *told(STATES | survey, "New", "In Progress", "survey"), bridge=True)
    )
    assert (case_of(sqlite_store, number)["state"], statistics.refused) == ("investigated", {"no_way": [1, 3]})


@pytest.mark.parametrize(
    ("words", "state", "refused"),
    [
        (["bought", "approved", "cancelled", "survey"], "cancelled", {}),
        (["bought", "cancelled", "survey"], "cancelled", {}),
        (["bought", "cancelled", "delivered"], "cancelled", {"after_the_end": [1, 3]}),
        (["bought", "approved", "survey"], "reviewed", {"no_way": [1, 3]}),
        (["bought", "approved", "under way", "survey"], "executing", {"no_way": [1, 4]}),
        (["bought", "approved", "at the door", "survey"], "accepting", {"no_way": [1, 4]}),
        (["bought", "approved", "at the door", "under way"], "executing", {}),
        (["bought", "approved", "under way", "reviewed again"], "reviewed", {}),
    ],
)
def test_an_order_is_neither_delivered_nor_accepted_because_its_customer_was_asked(
    store: Store, words: list[str], state: str, refused: dict[str, list[int]]
):
    fill = {"asked_by": "customer"}
    number, statistics = only_case(
        replay_log(store, *told(ORDERS, *words, fill=fill), bridge=True, kind="service_order")
    )
    assert (case_of(store, number)["state"], statistics.refused) == (state, refused)
    assert "pass_acceptance" not in dict(moves(store, number))
    answers = query_rows(store, "SELECT count(*) AS n FROM transition WHERE move = 'revisit'")
    assert answers == [{"n": ("survey" in words and state == "cancelled")}]
    assert verify(store).ok


def test_the_answer_that_reopens_a_case_and_a_repeated_state_are_counted_as_what_they_are(sqlite_store: Store):
    no = {"no": {"move": "revisit", "form": {"outcome": "dissatisfied"}}}
    log = told(STATES | no, "New", "In Progress", "Resolved", "Resolved", "no", "In Progress", "Resolved")
    _, statistics = only_case(replay_log(sqlite_store, *log, bridge=True))
    assert (statistics.reopenings, statistics.resolutions, statistics.hand_backs) == (1, 2, 0)


def test_a_remark_and_a_repeated_end_invent_nothing(sqlite_store: Store):
    log = steps("a", ("new", 0), ("remark", 1), ("over", 2), ("over", 3))
    number, statistics = only_case(replay_log(sqlite_store, *log, bridge=True))
    assert [move for move, _ in moves(sqlite_store, number)] == [
        *["open", "note", "classify", "investigate", "resolve", "close"]
    ]
    assert (statistics.resolutions, statistics.inferred, statistics.ignored) == (0, 3, {"repeated_state": 1})
