"""Who sits at the desk: an officer of one unit, as the token issuer vouches."""

from dataclasses import dataclass

from fastapi import Request

from plumbing.serving import authenticate
from plumbing.tokens import TokenVerifier
from routing.problems import not_an_officer

SCOPE = "desk:act"


@dataclass(frozen=True)
class Officer:
    """Who acts, and for which unit of today; other units' dossiers do not exist for them."""

    client_id: str
    unit_code: str


@dataclass(frozen=True)
class Officers:
    """Knows the officer behind a request."""

    verifier: TokenVerifier

    async def of(self, request: Request) -> Officer:
        """Return who asks; raises a 401, 403 or 503 problem."""
        client = await authenticate(request, self.verifier, SCOPE)
        unit_code = client.claims.get("unit_code")
        if client.claims.get("role") != "officer" or not isinstance(unit_code, str):
            raise not_an_officer()
        return Officer(client.client_id, unit_code)
