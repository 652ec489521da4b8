"""`closeloop deploy` where there is no server to deploy to; with one, see tests/prefect_side/test_automations.py."""

import json
import os

import pytest

from tests.apps.conftest import Closeloop


def test_without_a_server_named_it_says_how_to_name_one(closeloop: Closeloop):
    closeloop.patch.delenv("PREFECT_API_URL", raising=False)
    refused = closeloop.refused("deploy")
    assert refused["code"] == "no_prefect"
    assert "--api" in refused["text"]


def test_the_credential_stands_in_no_address_and_in_no_refusal(closeloop: Closeloop):
    from apps.prefect_login import basic_auth, given_credential

    for name in ("PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING"):
        closeloop.patch.delenv(name, raising=False)
    assert basic_auth(given_credential()) is None
    closeloop.patch.setenv("PREFECT_API_AUTH_STRING", "us:p@ss/w")
    assert basic_auth(given_credential()) == ("us", "p@ss/w")
    assert closeloop.refused("deploy", "--api", "http://127.0.0.1:9/api")["params"] == {"api": "http://127.0.0.1:9/api"}


@pytest.mark.parametrize("api", ["http://127.0.0.1:9/api", "ftp://127.0.0.1/api", "http://[/api"])
def test_a_server_that_takes_no_writes_is_named_and_nothing_else_is_touched(closeloop: Closeloop, api: str):
    before = json.dumps(dict(os.environ))
    refused = closeloop.refused("deploy", "--api", api)
    assert (refused["code"], refused["params"]) == ("prefect_away", {"api": api})
    assert json.dumps(dict(os.environ)) == before
