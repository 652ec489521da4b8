"""An address of the inside is refused when the subscription is added, however it is written."""

import pytest

from engine.access.principal import Scope
from engine.store import Store
from engine.webhooks.address_rules import AddressRules
from engine.webhooks.messages import trial_message
from engine.webhooks.subscriptions import NewWebhook, add_webhook, subscriptions
from models.public_addresses import parsed_networks
from statemachines.refused import Refused
from tests.case_actions import START
from tests.engine.webhooks.subscribers import administrator

INSIDE = (
    "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.5.5", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1",
    "2130706433", "0x7f000001", "017700000001", "0177.0.0.1", "0x7f.1", "127.1", "127.0.0.1.", "0",
    "[::1]", "[fd00::1]", "[fe80::1]", "[::ffff:10.0.0.1]", "[::]", "[2002:a00:1::]",
    "localhost", "LocalHost", "localhost.", "hooks.localhost", "ip6-localhost", "localhost.localdomain",
    "１２７.0.0.1",
)  # fmt: skip
PUBLIC = ("hooks.example.com", "8.8.8.8", "134744072", "[2606:4700::1111]", "localhost.example.com", "0x7f.example.com")


@pytest.mark.parametrize("host", INSIDE)
def test_an_address_of_the_inside_is_refused(host: str):
    with pytest.raises(Refused) as refused:
        AddressRules().checked(f"https://{host}:8443/closeloop")
    assert (refused.value.code, refused.value.params["why"]) == ("bad_webhook_url", "inside")


@pytest.mark.parametrize("host", PUBLIC)
def test_a_public_address_and_a_name_are_admitted(host: str):
    assert AddressRules().checked(f"https://{host}/closeloop").startswith("https://")


@pytest.mark.parametrize("host", ["10.1.2.3", "167838211", "012.1.2.3"])
def test_a_network_of_the_inside_may_be_allowed(host: str):
    rules = AddressRules(networks=parsed_networks("10.0.0.0/8"))
    assert rules.checked(f"https://{host}/") == f"https://{host}/"
    with pytest.raises(Refused):
        rules.checked("https://127.0.0.1/")


def test_nothing_is_subscribed_and_no_test_is_sent_to_the_inside(store: Store):
    by = administrator(store, Scope.WEBHOOKS)
    with pytest.raises(Refused, match="bad_webhook_url"):
        add_webhook(store, NewWebhook("https://169.254.169.254/latest"), by, START)
    with pytest.raises(Refused, match="bad_webhook_url"):
        trial_message(store, "https://[::1]/", by, START)
    with store.looking() as tx:
        assert subscriptions(tx) == []
