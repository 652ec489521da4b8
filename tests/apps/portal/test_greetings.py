"""A customer agrees to greetings and withdraws: on the page of his case, by the link of a greeting, by one click."""

import pytest

from engine.care.consent import link_of
from tests.apps.portal.visitors import WANG, Visitor
from tests.case_actions import case_of, new_case, query_rows

pytestmark = pytest.mark.requirement("D3")


def consents(visitor: Visitor) -> list[tuple[bool, str]]:
    rows = query_rows(visitor.store, "SELECT given, source FROM care_consent ORDER BY id")
    return [(bool(row["given"]), row["source"]) for row in rows]


def link(visitor: Visitor) -> str:
    number = new_case(visitor.store, **WANG)
    return f"/care/{link_of(visitor.store.secret, case_of(visitor.store, number)['party_id'])}"


def test_he_agrees_on_the_page_of_his_case_and_withdraws_there(visitor: Visitor):
    visitor.log_in(new_case(visitor.store, **WANG))
    agreed = visitor.fill_in("/case", "/greetings", birthday="05-31")
    assert "You agree to greetings" in visitor.client.get(agreed.headers["location"]).text
    assert query_rows(visitor.store, "SELECT birthday FROM party") == [{"birthday": "05-31"}]
    withdrawn = visitor.fill_in("/case", "/greetings")
    assert "no more greetings" in visitor.client.get(withdrawn.headers["location"]).text
    assert query_rows(visitor.store, "SELECT birthday FROM party") == [{"birthday": None}]
    assert consents(visitor) == [(True, "portal"), (False, "portal")]


def test_a_birthday_that_is_none_is_refused_with_the_remedy(guest: Visitor):
    guest.log_in(new_case(guest.store, **WANG))
    refused = guest.fill_in("/case", "/greetings", birthday="31.5.")
    assert refused.status_code == 422
    assert "like 05-31" in refused.text
    assert consents(guest) == []


def test_a_link_that_is_opened_changes_nothing_until_the_button_is_pressed(guest: Visitor):
    page = link(guest)
    assert "No more greetings" in guest.get(page).text
    assert consents(guest) == []
    assert "You are sent no more greetings" in guest.fill_in(page, page).text
    assert "You agree to greetings" in guest.send(f"{page}/again", sure="yes").text
    assert consents(guest) == [(False, "link"), (True, "link")]


def test_a_mail_program_withdraws_by_one_click_without_cookie_or_origin(guest: Visitor):
    page = link(guest)
    for body in ({"List-Unsubscribe": "One-Click"}, {}):
        assert guest.client.post(f"/portal{page}", data=body).status_code == 200
    multipart = guest.client.post(f"/portal{page}", files={"List-Unsubscribe": (None, "One-Click")})
    assert multipart.status_code == 200, "RFC 8058 allows this type, too"
    assert consents(guest) == [(False, "link")]


def test_a_wrong_link_is_refused_alike(guest: Visitor):
    page = link(guest)
    for wrong in (page[:-1] + ("0" if page[-1] != "0" else "1"), "/care/1.2", f"/care/999.{'0' * 32}"):
        for answer in (guest.get(wrong), guest.send(wrong), guest.send(f"{wrong}/again", sure="yes")):
            assert answer.status_code == 404
            assert "not one of ours" in answer.text
    assert consents(guest) == []


def test_another_site_cannot_make_him_agree(guest: Visitor):
    page = link(guest)
    answer = guest.client.post(f"/portal{page}/again", headers={"sec-fetch-site": "cross-site"}, data={"sure": "yes"})
    assert answer.status_code == 403
    guest.log_in(new_case(guest.store, **WANG))
    assert guest.send("/greetings", agrees="yes", _csrf="wrong").status_code in {401, 403}
    assert consents(guest) == []
