"""Which addresses portals may be reached at."""

import socket
from ipaddress import ip_address

import pytest

from notifier.guarded import Guard, is_public, networks_of
from notifier.outside import AddressNotAllowed

INNER = [
    *("127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "192.168.1.1", "0.0.0.0"),
    *("169.254.169.254", "100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "239.1.2.3"),
    *("240.0.0.1", "255.255.255.255", "192.0.2.1", "198.51.100.1", "203.0.113.1"),
    *("::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1"),
    *("2002:7f00:1::", "2002:0808:0808::", "2001:0:53aa:64c:0:0:f5ff:fffe", "::127.0.0.1"),
]
PUBLIC = ["8.8.8.8", "113.160.0.1", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("text", INNER)
def test_given_an_address_of_no_open_network_then_it_is_not_connected_to(text):
    family = socket.AF_INET6 if ":" in text else socket.AF_INET

    assert not is_public(ip_address(text))
    with pytest.raises(AddressNotAllowed):
        Guard().socket_for((family, socket.SOCK_STREAM, 0, "", (text, 443)))


@pytest.mark.parametrize("text", PUBLIC)
def test_given_a_public_address_then_it_may_be_connected_to(text):
    assert is_public(ip_address(text))
    assert Guard().allows(text)


def test_given_networks_of_the_operator_then_they_and_no_others_are_allowed_beside():
    guard = Guard(networks_of("127.0.0.0/8, 10.1.0.0/16,fd00:1::/32"))

    assert [guard.allows(one) for one in ("127.0.0.1", "10.1.2.3", "fd00:1::5", "8.8.8.8")] == [
        True
    ] * 4
    assert guard.allows("::ffff:10.1.2.3")
    assert not any(guard.allows(one) for one in ("10.2.0.1", "fd00:2::1", "169.254.169.254"))


def test_given_a_scope_behind_an_address_then_it_changes_nothing():
    assert not Guard().allows("fe80::1%eth0")


@pytest.mark.parametrize("text", ["10.0.0.1/8", "localhost", "10.0.0.0/33", "10.0.0.0/8;::/0"])
def test_given_no_networks_then_they_are_refused(text):
    with pytest.raises(ValueError, match=r"."):
        networks_of(text)
