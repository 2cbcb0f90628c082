"""Who sits at the desk: an officer of one unit, as the token issuer vouches."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from plumbing.serving import authenticate
from plumbing.tokens import TokenVerifier
from routing.problems import not_an_officer

SCOPE = "desk:act"
#: A person as events and the log name them; never a name.
_PERSON = re.compile(r"[A-Za-z0-9._:-]{1,80}")


@dataclass(frozen=True)
class Officer:
    """Who acts, and for which unit of today; other units' dossiers do not exist for them.

    `person` is the token's `sub`: by whatever client they come, one person stays one.
    """

    person: str
    unit_code: str


@dataclass(frozen=True)
class Officers:
    """Knows the officer behind a request."""

    verifier: TokenVerifier

    async def of(self, request: Request) -> Officer:
        """Return who asks; raises a 401, 403 or 503 problem."""
        client = await authenticate(request, self.verifier, SCOPE)
        return officer_of(client.claims)


def officer_of(claims: Mapping[str, Any]) -> Officer:
    """Return the officer a token's claims name; raises a 403 problem when they name none."""
    person, unit_code = claims.get("sub"), claims.get("unit_code")
    if claims.get("role") != "officer" or not isinstance(unit_code, str) or not unit_code:
        raise not_an_officer()
    if not isinstance(person, str) or not _PERSON.fullmatch(person):
        raise not_an_officer()
    return Officer(person, unit_code)
