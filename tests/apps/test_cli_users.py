"""The commands over accounts and tokens, from the first administrator's link to a token that is revoked."""

from datetime import timedelta

import pytest

from engine.accounts.invitations import accept
from engine.accounts.log_in import LogIn, log_in
from engine.accounts.tokens import principal_of_token
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import AGENT, HANDLER, START, SUPERVISOR, refusal
from tests.engine.accounts.people_with_accounts import PASSWORD, RULES

pytestmark = pytest.mark.requirement("H4")

ROOT = ("--as", "root")
PROVIDER = ("--issuer", "https://id.example.com", "--subject", "248289761001")


@pytest.fixture
def led(closeloop: Closeloop, simulated: Store) -> Closeloop:
    """The command line on a store whose first administrator has set his password."""
    invited = closeloop.json("user", "invite", "root", "--first")
    accept(simulated, invited["code"], PASSWORD, START, RULES)
    return closeloop


def test_the_link_is_shown_on_one_line_at_any_width(closeloop: Closeloop, simulated: Store):
    closeloop.patch.setenv("COLUMNS", "40")
    shown = closeloop("user", "invite", "root", "--first")
    link = shown.out.splitlines()[-1]
    assert link.startswith("http://127.0.0.1:4280/login/invitation#")
    assert accept(simulated, link.partition("#")[2], PASSWORD, START, RULES) == "root"
    assert closeloop.refused("user", "invite", "root", "--first")["code"] == "not_first"


def test_the_link_begins_with_the_address_of_the_house(closeloop: Closeloop, simulated: Store):
    closeloop.patch.setenv("CLOSELOOP_PUBLIC_URL", "https://care.example.com/")
    link = closeloop.json("user", "invite", "root", "--first")["link"]
    assert link.startswith("https://care.example.com/login/invitation#")


def test_a_new_person_gets_actor_account_and_link(led: Closeloop, simulated: Store):
    assert led.json("user", "add", "zoe", "--role", "agent", "--department", "hotline", *ROOT)["new"]
    assert not led.json("user", "add", "zoe", *ROOT)["new"]
    code = led.json("user", "invite", "zoe", *ROOT)["code"]
    accept(simulated, code, PASSWORD, START, RULES)
    log_in(simulated, LogIn("zoe", PASSWORD, address="192.0.2.1"), START, RULES)
    [session] = led.json("user", "sessions", "zoe")["sessions"]
    assert session["address"] == "192.0.2.1"
    rows = {row["handle"]: row for row in led.json("user", "list")["accounts"]}
    assert (rows["zoe"]["password"], rows["zoe"]["sessions"], rows["zoe"]["second_factor_needed"]) == (True, 1, False)
    assert led.json("user", "sessions", "--end", session["id"], "--as", "zoe") == {"ended": session["id"]}
    assert led.json("user", "sessions")["sessions"] == []
    fields = [change["field"] for change in led.json("actor", "history", "zoe")["changes"]]
    assert fields == ["handle", "invited", "password"]
    assert "link made (good until)" in led("actor", "history", "zoe").out


def test_an_account_is_disabled_enabled_and_reset(led: Closeloop, simulated: Store):
    token = led.json("token", "create", AGENT, *ROOT)["token"]
    assert led.refused("user", "disable", AGENT, *ROOT)["code"] == "no_account"
    led.json("user", "add", AGENT, *ROOT)
    assert led.json("user", "disable", AGENT, *ROOT)["changed"]
    assert refusal(lambda: principal_of_token(simulated, token, START)).code == "token_invalid"
    assert led.json("user", "enable", AGENT, *ROOT)["changed"]
    assert not led.json("user", "enable", AGENT, *ROOT)["changed"]
    assert principal_of_token(simulated, token, START).actor.handle == AGENT
    assert led.json("user", "reset", AGENT, *ROOT)["handle"] == AGENT


def test_only_an_administrator_changes_accounts(led: Closeloop):
    for words in (("add", AGENT), ("invite", AGENT), ("reset", AGENT), ("disable", AGENT), ("enable", AGENT)):
        assert led.refused("user", *words, "--as", SUPERVISOR)["code"] == "not_in_charge"
        assert led.refused("user", *words)["code"] == "no_actor"
    assert led.refused("user", "link", AGENT, *PROVIDER, "--as", AGENT)["code"] == "not_in_charge"


def test_an_account_is_linked_to_a_provider(led: Closeloop):
    led.json("user", "add", AGENT, *ROOT)
    assert led.json("user", "link", AGENT, *PROVIDER, *ROOT)["new"]
    assert not led.json("user", "link", AGENT, *PROVIDER, *ROOT)["new"]
    led.json("user", "add", HANDLER, *ROOT)
    assert led.refused("user", "link", HANDLER, *PROVIDER, *ROOT)["code"] == "oidc_taken"
    assert led.json("user", "unlink", AGENT, *PROVIDER, "--as", AGENT)["changed"]
    assert led.json("user", "link", HANDLER, *PROVIDER, *ROOT)["new"]


def test_a_token_is_made_listed_and_revoked(closeloop: Closeloop, simulated: Store):
    made = closeloop.json("token", "create", AGENT, "--scope", "cases:read", "--expires", "30d", "--label", "website")
    assert made["token"].startswith("clt_")
    assert made["until"] == (START + timedelta(days=30)).isoformat()
    assert principal_of_token(simulated, made["token"], START, "192.0.2.9").actor.handle == AGENT
    [row] = closeloop.json("token", "list", AGENT)["tokens"]
    assert (row["label"], row["scopes"], row["used_from"]) == ("website", ["cases:read"], "192.0.2.9")
    assert made["token"] not in closeloop("token", "list").out
    assert closeloop.json("token", "revoke", made["id"], "--as", AGENT)["changed"]
    assert not closeloop.json("token", "revoke", made["id"], "--as", AGENT)["changed"]
    assert refusal(lambda: principal_of_token(simulated, made["token"], START)).code == "token_invalid"


def test_a_token_is_shown_on_one_line_at_any_width(closeloop: Closeloop, simulated: Store):
    closeloop.patch.setenv("COLUMNS", "40")
    for words in (("token", "create"), ("user", "token")):
        token = closeloop(*words, AGENT).out.splitlines()[-1]
        assert principal_of_token(simulated, token, START).actor.handle == AGENT


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--scope", "all"), "unknown_scope"),
        (("--expires", "500d"), "bad_expiry"),
        (("--expires", "2026-01-01T00:00:00+08:00"), "bad_expiry"),
        (("--expires", "soon"), "bad_instant"),
        (("--rate", "often"), "bad_rate"),
        (("--label", "x" * 101), "bad_label"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[1][:10],
)
def test_what_is_wrong_with_a_token_to_be_made_is_named(
    closeloop: Closeloop, simulated: Store, options: tuple[str, str], code: str
):
    assert closeloop.refused("token", "create", AGENT, *options)["code"] == code


def test_a_handle_that_reads_as_another_gets_no_account(led: Closeloop):
    assert led.refused("user", "add", "\u0430my", "--role", "agent", *ROOT)["code"] == "confusable_handle"
