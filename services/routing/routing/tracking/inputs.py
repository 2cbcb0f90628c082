"""What a citizen types: read generously, or told how it should look before anything is asked."""

import ipaddress
import re

from fastapi import Request
from pydantic import TypeAdapter, ValidationError

from contracts.model import DossierCode
from routing.tracking.factors import FACTOR_LENGTH

#: What one customer has of IPv6, and may use at will: a home, and a site of many homes (RFC 6177).
_HOME, _SITE = 56, 48
#: Longer than any code; what is shown again of a longer text ends there.
MOST_SHOWN = 60
_CODE: TypeAdapter[str] = TypeAdapter(DossierCode)
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_FACTOR = re.compile(rf"[0-9]{{{FACTOR_LENGTH}}}")
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def read_code(text: str) -> str | None:
    """Return the dossier code, whatever its case, blanks and kind of dash; None if it is none."""
    code = "".join(text.translate(_DASHES).upper().split())
    try:
        return _CODE.validate_python(code)
    except ValidationError:
        return None


def read_factor(text: str) -> str | None:
    """Return the six digits, blanks left out; None if it is something else."""
    digits = "".join(text.split())
    return digits if _FACTOR.fullmatch(digits) else None


def networks(text: str) -> tuple[_Network, ...]:
    """Return the networks of a comma separated text; raises ValueError for one that is none."""
    return tuple(ipaddress.ip_network(one.strip()) for one in text.split(",") if one.strip())


def client_address(request: Request, trusted: tuple[_Network, ...]) -> str:
    """Return whom the attempts count against: an IPv4 address, or the network of an IPv6 one.

    Only a proxy of ours is believed who it speaks for: the last one it names that is none of ours.
    """
    peer = request.client.host if request.client else ""
    said = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    for one in (peer, *reversed(said)):
        read = _address(one)
        if read is None:
            break
        address = read
        if not any(address in network for network in trusted):
            return _counted(address)
    else:
        return _counted(address)
    return peer


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        read = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    mapped = read.ipv4_mapped if isinstance(read, ipaddress.IPv6Address) else None
    return mapped or read


def _counted(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    return str(address) if isinstance(address, ipaddress.IPv4Address) else _within(address, _HOME)


def neighbours_of(address: str) -> str:
    """Return whom attempts about one code count against: a whole site of IPv6 networks as one.

    One site holds 256 homes, each of which would have guesses of its own; that two of them ask
    about one code does not happen.
    """
    read = _address(address.partition("/")[0])
    return _within(read, _SITE) if isinstance(read, ipaddress.IPv6Address) else address


def _within(address: ipaddress.IPv6Address, length: int) -> str:
    return str(ipaddress.ip_network((address.packed, length), strict=False))
