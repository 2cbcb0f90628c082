"""What a citizen types: read generously, or told how it should look before anything is asked."""

import ipaddress
import re

from pydantic import TypeAdapter, ValidationError

from contracts.model import DossierCode
from plumbing.addresses import read_address, within
from routing.tracking.factors import FACTOR_LENGTH

#: What one customer may have of IPv6: a site of many homes (RFC 6177).
_SITE = 48
#: Longer than any code; what is shown again of a longer text ends there.
MOST_SHOWN = 60
_CODE: TypeAdapter[str] = TypeAdapter(DossierCode)
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_FACTOR = re.compile(rf"[0-9]{{{FACTOR_LENGTH}}}")


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


def neighbours_of(address: str) -> str:
    """Return whom attempts about one code count against: a whole site of IPv6 networks as one.

    One site holds 256 homes, each of which would have guesses of its own; that two of them ask
    about one code does not happen.
    """
    read = read_address(address.partition("/")[0])
    return within(read, _SITE) if isinstance(read, ipaddress.IPv6Address) else address
