"""Cases are opened, moved and read through the API."""

from fastapi.testclient import TestClient


def test_a_case_is_opened_and_moved(api: TestClient):
    opened = api.post("/api/v1/cases", json={"kind": "complaint", "text": "My parcel is late.", "channel": "website"})
    assert opened.status_code == 201, opened.text
    number = opened.json()["number"]
    assert opened.headers["location"] == f"/api/v1/cases/{number}"
    moved = api.post(
        f"/api/v1/cases/{number}/moves/classify",
        json={"category": "damage", "department": "claims", "severity": "high"},
    )
    assert moved.status_code == 200, moved.text
    shown = api.get(f"/api/v1/cases/{number}")
    assert shown.headers["etag"] == '"2"'


def test_cases_are_listed_page_by_page_while_others_are_opened(api: TestClient):
    def opened() -> str:
        return api.post("/api/v1/cases", json={"text": "My parcel is late."}).json()["number"]

    numbers = [opened() for _ in range(5)]
    first = api.get("/api/v1/cases", params={"limit": 2}).json()
    assert [case["number"] for case in first["cases"]] == numbers[:2:-1]
    opened()
    second = api.get("/api/v1/cases", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [case["number"] for case in second["cases"]] == [numbers[2], numbers[1]]
    assert api.get("/api/v1/cases", params={"page": 2}).status_code == 422


def test_a_case_is_read_with_its_customer_its_history_and_its_promises(api: TestClient):
    customer = {"name": "Wang Wei", "phone": "13800138000", "email": "wang@example.com"}
    number = api.post("/api/v1/cases", json={"text": "My parcel is late.", "customer": customer}).json()["number"]
    shown = api.get(f"/api/v1/cases/{number}").json()
    assert (shown["customer"], shown["masked"]) == (customer, False)
    [entry] = api.get(f"/api/v1/cases/{number}/history").json()["moves"]
    assert (entry["move"], entry["actor"], entry["form"]["text"]) == ("open", "amy", "My parcel is late.")
    timers = api.get(f"/api/v1/cases/{number}/timers").json()["timers"]
    assert {"first_reply"} <= {timer["clause"] for timer in timers}


def test_what_was_said_on_a_case_is_read_in_order(api: TestClient):
    number = api.post("/api/v1/cases", json={"text": "My parcel is late."}).json()["number"]
    api.post(f"/api/v1/cases/{number}/moves/note", json={"note": "He calls again."})
    found = api.get(f"/api/v1/cases/{number}/statements").json()
    said = [(each["seq"], each["move"], each["field"], each["content"]) for each in found["statements"]]
    assert said == [(1, "open", "text", "My parcel is late."), (2, "note", "note", "He calls again.")]
    assert found["statements"][0]["occurred_at"].endswith("Z")


def test_a_reviewer_reads_what_was_said_without_how_the_customer_is_reached(api: TestClient):
    customer = {"name": "Wang Wei", "phone": "13800138000"}
    body = {"text": "Call me: 13800138000.", "customer": customer}
    number = api.post("/api/v1/cases", json=body).json()["number"]
    found = api.get(f"/api/v1/cases/{number}/statements", headers={"Authorization": "Bearer odd"})
    assert found.status_code == 200
    assert found.json()["masked"]
    assert "13800138000" not in found.text


def test_the_links_of_a_case_name_its_parent_and_its_children(api: TestClient):
    parent = api.post("/api/v1/cases", json={"text": "My parcel is late."}).json()["number"]
    child = api.post("/api/v1/cases", json={"text": "And it is broken.", "parent": parent}).json()["number"]
    found = {number: api.get(f"/api/v1/cases/{number}/links").json()["links"] for number in (parent, child)}
    assert [(link["number"], link["direction"]) for link in found[parent]] == [(child, "child")]
    assert [(link["number"], link["direction"]) for link in found[child]] == [(parent, "parent")]
    assert found[parent] == api.get(f"/api/v1/cases/{parent}").json()["links"]


def test_a_reviewer_sees_the_case_without_how_its_customer_is_reached(api: TestClient):
    customer = {"name": "Wang Wei", "phone": "13800138000", "email": "wang@example.com"}
    text = "Call me: 13800138000."
    number = api.post("/api/v1/cases", json={"text": text, "customer": customer}).json()["number"]
    as_auditor = {"Authorization": "Bearer odd"}
    shown = api.get(f"/api/v1/cases/{number}", headers=as_auditor)
    history = api.get(f"/api/v1/cases/{number}/history", headers=as_auditor)
    assert shown.json()["masked"]
    assert "13800138000" not in shown.text + history.text
    assert "wang@example.com" not in shown.text + history.text


def test_the_moves_of_a_case_bring_the_schema_of_their_forms_in_the_callers_language(api: TestClient):
    number = api.post("/api/v1/cases", json={"text": "My parcel is late."}).json()["number"]
    address = f"/api/v1/cases/{number}/moves"
    moves = {move["move"]: move for move in api.get(address).json()["moves"]}
    assert moves["classify"]["allowed"]
    assert "category" in moves["classify"]["form"]["required"]
    chinese = api.get(address, headers={"Accept-Language": "zh-CN"}).json()["moves"]
    assert {move["label"] for move in chinese}.isdisjoint(move["label"] for move in moves.values())
