"""Who sits at the desk: an officer of one unit, as the token issuer vouches."""

from dataclasses import dataclass

from fastapi import Request

from plumbing.serving import ProblemRaised, authenticate
from plumbing.tokens import TokenVerifier

SCOPE = "desk:act"


@dataclass(frozen=True)
class Officer:
    """Who acts, and for which unit; other units' dossiers do not exist for them."""

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
            raise ProblemRaised(403, "not-an-officer", "Not allowed", "The token names no unit.")
        return Officer(client.client_id, unit_code)


def no_such_dossier() -> ProblemRaised:
    """Return the problem of a dossier that is not the officer's unit's, or of none."""
    return ProblemRaised(404, "no-such-dossier", "Not found", "Not on your unit's desk.")
