"""Whose address a request counts against."""

import ipaddress
from typing import TypeAlias

from starlette.requests import Request

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
#: What one customer has of IPv6, and may use at will: a home (RFC 6177).
_HOME = 56


def networks(text: str) -> tuple[Network, ...]:
    """Return the networks of a comma separated text; raises ValueError for one that is none."""
    return tuple(ipaddress.ip_network(one.strip()) for one in text.split(",") if one.strip())


def client_address(request: Request, trusted: tuple[Network, ...]) -> str:
    """Return whom a request counts against: an IPv4 address, or the network of an IPv6 one.

    Only a proxy of ours is believed who it speaks for: the last one it names that is none of ours.
    """
    peer = request.client.host if request.client else ""
    said = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    for one in (peer, *reversed(said)):
        read = read_address(one)
        if read is None:
            break
        address = read
        if not any(address in network for network in trusted):
            return _counted(address)
    else:
        return _counted(address)
    return peer


def read_address(text: str) -> Address | None:
    """Return the address, a mapped one as what it leads to; None for a text that is none."""
    try:
        read = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    mapped = read.ipv4_mapped if isinstance(read, ipaddress.IPv6Address) else None
    return mapped or read


def within(address: ipaddress.IPv6Address, length: int) -> str:
    """Return the network of that prefix length the address is in."""
    return str(ipaddress.ip_network((address.packed, length), strict=False))


def _counted(address: Address) -> str:
    return str(address) if isinstance(address, ipaddress.IPv4Address) else within(address, _HOME)
