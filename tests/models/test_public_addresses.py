"""What counts as an address of the public internet, in each of the ways to write one of the inside."""

import pytest

from models.public_addresses import is_reachable, parsed_networks

INSIDE = (
    "0.0.0.0", "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255",  # noqa: S104
    "192.168.1.1",
    "100.64.0.1", "100.127.255.255", "169.254.169.254", "192.0.0.8", "192.0.2.1", "198.18.0.1", "203.0.113.9",
    "192.88.99.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1", "100::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::ffff:0:127.0.0.1",
    "2002:7f00:1::", "2002:a00:1::", "2002:808:808::", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "3fff::1", "5f00::1",
    "localhost", "127.1", "0x7f000001", "2130706433", "",
)  # fmt: skip
"""Addresses of the inside, addresses with one of IPv4 within, and what is no address at all."""


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_of_the_inside_is_not_reached(address: str):
    assert not is_reachable(address, ())


@pytest.mark.parametrize("address", ["8.8.8.8", "114.114.114.114", "1.1.1.1", "2001:4860:4860::8888", "240e::1"])
def test_a_public_address_is_reached(address: str):
    assert is_reachable(address, ())


@pytest.mark.parametrize(
    ("address", "reached"),
    [("10.20.0.7", True), ("::ffff:10.20.0.7", True), ("10.21.0.7", False), ("fd00::7", True), ("127.0.0.1", False)],
)
def test_a_setting_allows_networks_of_the_inside_and_no_other(address: str, reached: bool):
    assert is_reachable(address, parsed_networks("10.20.0.0/16, fd00::/8")) is reached


@pytest.mark.parametrize("text", ["10.0.0.1/8", "everything", "10.0.0.0/33"])
def test_what_is_no_network_is_an_error(text: str):
    with pytest.raises(ValueError, match=r".+"):
        parsed_networks(text)
