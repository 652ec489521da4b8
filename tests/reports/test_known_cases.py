"""On SQLite an open list has news of moves and holds, not of everything that is written."""

from collections.abc import Callable

import pytest

from engine.access.masking import PersonalData
from engine.access.principal import Principal, PrincipalKind
from engine.access.reading_log import log_reading
from engine.actors import known_actor
from engine.commands.holds import hold, release
from engine.store import Store
from reports.known_cases import news_mark
from tests.case_actions import AGENT, DIRECTOR, START, execute_sql, make_move, new_case, query_rows

pytestmark = pytest.mark.requirement("H4")


def read(store: Store, number: str) -> None:
    """Log that somebody read the case, as every page of a case does."""
    [row] = query_rows(store, "SELECT id FROM cases WHERE number = :number", number=number)
    with store.writing() as tx:
        reader = Principal(known_actor(tx, AGENT), PrincipalKind.PERSON, "console")
        log_reading(tx, reader, [row["id"]], [PersonalData.NAME], START)


def work(store: Store, _: str) -> None:
    """Renew the lease of a driver, as it does every few seconds."""
    execute_sql(store, "INSERT INTO lease (name, owner, seen_at, until) VALUES ('driver', 'x', 1, 2)")


def hold_another(store: Store, _: str) -> None:
    """Hold a kind and release the one that was held."""
    with store.writing() as tx:
        hold(tx, "inquiry", DIRECTOR, "maintenance", START.replace(hour=START.hour + 1))
        release(tx, "complaint", DIRECTOR, "checked", START)


def move(store: Store, number: str) -> None:
    """Make a move that leaves the case in its state."""
    make_move(store, number, "note")


@pytest.mark.parametrize(("act", "news"), [(read, False), (work, False), (hold_another, True), (move, True)])
def test_a_list_has_news_of_what_it_may_show(sqlite_store: Store, act: Callable[[Store, str], None], news: bool):
    number = new_case(sqlite_store)
    marks = list[object]()
    with sqlite_store.writing() as tx:
        hold(tx, "complaint", DIRECTOR, "maintenance", START)
    for each in (None, act):
        if each is not None:
            each(sqlite_store, number)
        with sqlite_store.looking() as tx:
            marks.append(news_mark(tx))
    assert (marks[0] != marks[1]) is news


@pytest.mark.postgres
def test_postgres_notifies_of_these_alone(postgres_store: Store):
    with postgres_store.looking() as tx:
        assert news_mark(tx) is None
