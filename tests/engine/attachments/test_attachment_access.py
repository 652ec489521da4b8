"""Files are opened by whoever works on the case, and by reviewers with a reason; readings are logged (A10)."""

from dataclasses import replace
from typing import Any

import pytest

from engine.access.principal import PrincipalKind, Scope
from engine.actors import NewActor, add_actor
from engine.attachments.attach import attach
from engine.attachments.reading import attachments_of, open_attachment
from engine.attachments.upload import Upload, upload
from engine.store import Store
from statemachines.roles import Role
from tests.case_actions import AGENT, AUDITOR, HANDLER, START, make_move, moves_of, new_case, query_rows, refusal
from tests.engine.attachments.evidence import LIMITS, WAYBILL, attach_files, person

pytestmark = [pytest.mark.requirement("A10"), pytest.mark.requirement("H3")]

ELSEWHERE = "eli"
FILES = [Upload("box of Mr Lee.txt", WAYBILL)]


@pytest.fixture
def number(store: Store) -> str:
    """A case of the department of claims, with a file; there is a handler of another department."""
    with store.writing() as tx:
        add_actor(tx, NewActor(ELSEWHERE, (Role.HANDLER,), "hotline"))
    number = new_case(store)
    make_move(store, number, "classify")
    attach_files(store, number, ("box of Mr Lee.txt", WAYBILL))
    return number


def id_of(store: Store) -> str:
    return query_rows(store, "SELECT id FROM attachment")[0]["id"]


def readings(store: Store) -> list[dict[str, Any]]:
    sql = "SELECT a.handle, r.fields, r.reason FROM reading r JOIN actor a ON a.id = r.actor_id ORDER BY r.id"
    return query_rows(store, sql)


@pytest.mark.parametrize("handle", [AGENT, HANDLER])
def test_who_works_on_the_case_opens_its_files(store: Store, number: str, handle: str):
    opened = open_attachment(store, person(store, handle), number, id_of(store), START)
    assert opened.content == WAYBILL
    assert [(row["handle"], "attachments" in row["fields"]) for row in readings(store)] == [(handle, True)]


def test_for_another_department_there_is_no_such_case(store: Store, number: str):
    stranger = person(store, ELSEWHERE)
    assert refusal(lambda: attachments_of(store, stranger, number, START)).code == "unknown_case"
    assert refusal(lambda: open_attachment(store, stranger, number, id_of(store), START)).code == "unknown_case"
    assert refusal(lambda: upload(store, stranger, number, FILES, LIMITS, START)).code == "unknown_case"
    assert refusal(lambda: attach(store, stranger, number, FILES, LIMITS, START)).code == "unknown_case"
    assert (readings(store), len(moves_of(store, number))) == ([], 3)


def test_a_guess_at_a_case_of_others_is_answered_like_a_guess_at_none(store: Store, number: str):
    stranger = person(store, ELSEWHERE)
    real = refusal(lambda: open_attachment(store, stranger, number, id_of(store), START))
    nothing = refusal(lambda: open_attachment(store, stranger, "cp-26-000099", id_of(store), START))
    assert (real.code, real.params.keys()) == (nothing.code, nothing.params.keys())


def test_a_reviewer_opens_a_file_with_a_reason_which_is_logged(store: Store, number: str):
    auditor = person(store, AUDITOR)
    [view] = attachments_of(store, auditor, number, START)
    assert view.name == "***.txt"
    assert refusal(lambda: open_attachment(store, auditor, number, view.id, START)).code == "attachment_masked"
    assert refusal(lambda: open_attachment(store, auditor, number, view.id, START, reason=" ")).code == "no_reason"
    assert readings(store) == []
    opened = open_attachment(store, auditor, number, view.id, START, reason="Audit 7/2026.")
    assert opened.content == WAYBILL
    assert {row["reason"] for row in readings(store)} == {"Audit 7/2026."}


def test_the_link_of_a_customer_opens_no_file(store: Store, number: str):
    link = replace(person(store, AGENT), kind=PrincipalKind.CUSTOMER, case_id=1, via="portal")
    assert refusal(lambda: attachments_of(store, link, number, START)).code == "not_a_person"
    assert refusal(lambda: open_attachment(store, link, number, id_of(store), START)).code == "not_a_person"
    stranger = replace(link, case_id=2)
    assert refusal(lambda: upload(store, stranger, number, FILES, LIMITS, START)).code == "unknown_case"


def test_a_token_does_what_its_scopes_say(store: Store, number: str):
    def token(*scopes: Scope) -> Any:
        return replace(person(store, AGENT), kind=PrincipalKind.TOKEN, scopes=frozenset(scopes))

    reads, writes = token(Scope.READ_CASES), token(Scope.WRITE_CASES)
    assert refusal(lambda: upload(store, reads, number, FILES, LIMITS, START)).code == "scope_missing"
    assert refusal(lambda: open_attachment(store, writes, number, id_of(store), START)).code == "scope_missing"
    assert refusal(lambda: open_attachment(store, reads, number, id_of(store), START)).code == "attachment_masked"
    sees = token(Scope.READ_CASES, Scope.READ_CONTACTS)
    assert open_attachment(store, sees, number, id_of(store), START).content == WAYBILL
    assert attach(store, writes, number, FILES, LIMITS, START)[0].state == "classified"
