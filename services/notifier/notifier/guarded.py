"""Where portals may be reached: public addresses alone, unless the operator allows others."""

import asyncio
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from errno import EACCES
from functools import partial
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType

from notifier.outside import AddressNotAllowed, timeouts

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

#: Names looked up at once; a name server that hangs holds one of these for each of its names.
LOOKUPS = 32
#: IPv6 addresses that lead to an IPv4 address through a translator (RFC 6052).
_TRANSLATED = IPv6Network("64:ff9b::/96")
#: Not of the open internet, whichever release of Python is asked (RFC 6890).
_PROTOCOL = IPv4Network("192.0.0.0/24")


def networks_of(text: str) -> tuple[Network, ...]:
    """Return the networks in a comma-separated list; raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def is_public(address: Address) -> bool:
    """Return whether the address is one of the open internet; a mapped one is what it leads to."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _TRANSLATED:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address.sixtofour is not None or address.teredo is not None or address.is_site_local:
            return False
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not special and address not in _PROTOCOL


class Guard:
    """Lets connections through to public addresses and to these networks."""

    def __init__(self, networks: Iterable[Network] = ()) -> None:
        self._networks = tuple(networks)

    def allows(self, text: str) -> bool:
        """Return whether that numeric address may be connected to."""
        address: Address = ip_address(text.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks) or is_public(address)

    def socket_for(self, address: AddrInfoType) -> socket.socket:
        """Return a socket to connect there; raises AddressNotAllowed.

        Asked with every address right before it is connected to, so that what a name meant a
        moment ago, and how an address is written, count for nothing.
        """
        family, kind, protocol, _, place = address
        if not self.allows(str(place[0])):
            raise AddressNotAllowed(EACCES, "address not allowed")
        return socket.socket(family, kind, protocol)


class _Lookups(AbstractResolver):
    """Looks names up in threads of its own: nobody else waits for a portal's name server."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="portal-names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of the name; raises OSError."""
        look = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look)
        return [
            ResolveResult(
                hostname=host,
                host=str(place[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, place in found
        ]

    async def close(self) -> None:
        """Let the threads go; one that hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def open_guarded_session(guard: Guard) -> aiohttp.ClientSession:
    """Return the session portals are called by; the caller closes it.

    No proxy, no cookies; how many calls go out at once is said by the valves.
    """
    connector = aiohttp.TCPConnector(
        resolver=_Lookups(), socket_factory=guard.socket_for, limit=0, family=socket.AF_UNSPEC
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=timeouts(),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )
