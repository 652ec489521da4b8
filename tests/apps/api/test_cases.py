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
